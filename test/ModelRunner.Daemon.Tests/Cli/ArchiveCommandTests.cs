using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Cli;

/// <summary>The commands that send and receive archives, while the daemon fails.</summary>
public sealed class ArchiveCommandTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A pipe without more data and without an end, as from a program that waits.</summary>
    [Fact]
    public async Task An_error_of_the_daemon_is_shown_although_the_pipe_stalls()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.OnUpload("/models/load", async context =>
        {
            Assert.True(await context.Request.Body.ReadAsync(new byte[100], Token) > 0);
            context.Response.StatusCode = 503;
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync("""{"error":{"message":"the daemon ends","type":"unavailable_error"}}""", Token);
        });
        string pipe = Path.Join(daemon.FolderPath, "pipe");
        using (var made = Process.Start("mkfifo", pipe))
            await made.WaitForExitAsync(Token);
        Task<FileStream> opening = Task.Run(() => new FileStream(pipe, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0), Token);
        Task<(int ExitCode, string Out, string Error)> loading = daemon.RunAsync(["load", "-i", pipe]);
        await using FileStream writer = await opening;
        writer.Write(new byte[100_000]);

        (int code, string _, string error) = await loading.WaitAsync(DaemonFixture.Patience, Token);

        Assert.Equal(1, code);
        Assert.EndsWith("model-runner: the daemon ends\n", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_breaks_is_not_a_fault_of_the_file()
    {
        await using FakeDaemon daemon = await FakeDaemon.StartAsync();
        daemon.On("/models/me/mine/export", async context =>
        {
            context.Response.ContentType = "application/x-tar";
            context.Response.ContentLength = 10_000;
            await context.Response.Body.WriteAsync(new byte[1000], Token);
            await context.Response.Body.FlushAsync(Token);

            // The client has seen the beginning.
            await WaitForFileAsync(daemon.FolderPath);
            context.Abort();
        });

        (int code, string _, string error) = await daemon.RunAsync(["save", "me/mine", "-o", Path.Join(daemon.FolderPath, "out.tar")]);

        Assert.Equal(1, code);
        Assert.Contains("is not complete: the daemon closed the connection after", error, StringComparison.Ordinal);
        Assert.DoesNotContain("cannot be written", error, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(daemon.FolderPath, "out.tar*"));
    }

    private static Task WaitForFileAsync(string folder) =>
        DaemonFixture.WaitUntilAsync(() => Task.FromResult(Directory.GetFiles(folder, "out.tar*").Length == 1), DaemonFixture.Patience);
}
