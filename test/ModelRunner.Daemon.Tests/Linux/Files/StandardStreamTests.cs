using System.Diagnostics;
using ModelRunner.Daemon.Tests.Cli;

namespace ModelRunner.Daemon.Tests.Linux.Files;

/// <summary>The real program with a standard output that cannot be written.</summary>
public sealed class StandardStreamTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ps", ">&-", 1, "model-runner: cannot write to standard output: it is closed\n")]
    [InlineData("version", ">&-", 1, "model-runner: cannot write to standard output: it is closed\n")]
    [InlineData("help", ">&-", 1, "model-runner: cannot write to standard output: it is closed\n")]
    [InlineData("ps", ">/dev/full", 1, "model-runner: cannot write to standard output: No space left on device\n")]
    [InlineData("metrics", ">/dev/full", 1, "model-runner: cannot write to standard output: No space left on device\n")]
    [InlineData("run otter hi", ">/dev/full", 1, "model-runner: cannot write to standard output: No space left on device\n")]
    [InlineData("serve --help", ">/dev/full", 1, "model-runner: cannot write to standard output: No space left on device\n")]
    [InlineData("version", ">/dev/full 2>&-", 1, "")]
    [InlineData("run otter hi", "<&- >/dev/null", 0, "")]
    [InlineData("run otter -", "<&- >/dev/null", 2, "model-runner: there is no prompt; write it after the model, or send it to standard input\n")]
    [InlineData("run otter -", "</ >/dev/null", 2, "model-runner: cannot read standard input: Is a directory\n")]
    public async Task A_command_that_cannot_write_or_read_reports_it_in_one_line(string command, string redirection, int exitCode, string error)
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).On("/engines/ps", "[]").On("/metrics", "a 1\n", type: "text/plain")
            .OnStream("/v1/chat/completions", "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\ndata: [DONE]\n\n");

        Assert.Equal((exitCode, error), await RunAsync(daemon, $"exec \"$0\" {command} {redirection}"));
    }

    [Fact]
    public async Task A_closed_reader_ends_the_command_without_a_message()
    {
        await using FakeDaemon daemon = (await FakeDaemon.StartAsync()).OnStream("/v1/chat/completions", async context =>
        {
            // It continues while a process reads.
            ReadOnlyMemory<byte> chunk = "data: {\"choices\":[{\"delta\":{\"content\":\"word \"}}]}\n\n"u8.ToArray();
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(chunk);
                await context.Response.Body.FlushAsync();
            }
        });

        (int exitCode, string error) = await RunAsync(daemon, "{ \"$0\" run otter hi; echo $? >&2; } | head -c 4 >/dev/null");

        Assert.Equal((0, "1\n"), (exitCode, error));
    }

    private static async Task<(int ExitCode, string Error)> RunAsync(FakeDaemon daemon, string script)
    {
        var start = new ProcessStartInfo("sh", ["-c", script, Path.Join(AppContext.BaseDirectory, "model-runner")])
        {
            WorkingDirectory = daemon.FolderPath, UseShellExecute = false, RedirectStandardError = true,
        };
        foreach (string variable in start.Environment.Keys.Where(static key => key.StartsWith("MODEL_RUNNER_", StringComparison.Ordinal)).ToArray())
            start.Environment.Remove(variable);
        foreach ((string key, string value) in daemon.Environment)
            start.Environment[key] = value;
        using Process process = Process.Start(start)!;
        string error = await process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, error);
    }
}
