using System.Diagnostics;
using System.Net.Sockets;
using ModelRunner.Daemon.Tests.Checks;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>A daemon at the resource limits of the system.</summary>
public sealed class ExhaustionTests
{
    private const string Chat = """{"model":"tiny-chat","messages":[],"max_tokens":1}""";
    private const string Embed = """{"model":"tiny-embed","input":"one two"}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Check_50_At_the_limit_of_threads_only_new_runners_cannot_start()
    {
        const int Rounds = 30;
        using PidsGroup group = Prerequisite.Require(PidsGroup.TryCreate(), "There is no control group of processes that may be written to.");
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.PostAsync("v1/chat/completions", Chat);
        group.Add(daemon.ProcessId);
        group.Limit(group.Count);

        // Many at once: code that needs another thread requests it now.
        (int answers, int pagesInAll, int refused) = (0, 0, 0);
        for (int i = 0; i < Rounds; i++)
        {
            Task<string>[] pages = [.. Enumerable.Range(0, 8).Select(_ => daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation))];
            Task<(int Status, System.Text.Json.JsonElement Body)> chat = daemon.PostAsync("v1/chat/completions", Chat);
            Task<(int Status, System.Text.Json.JsonElement Body)> embed = daemon.PostAsync("v1/embeddings", Embed);
            Assert.Equal(200, (await chat).Status);
            Assert.InRange((await embed).Status, 502, 503);
            Assert.All(await Task.WhenAll(pages), static page => Assert.Contains("model_runner_", page, StringComparison.Ordinal));
            (answers, pagesInAll, refused) = (answers + 1, pagesInAll + pages.Length, refused + 1);
        }

        await daemon.WaitForLogAsync("the limit of processes and threads is reached");
        group.Limit(null);
        long started = Stopwatch.GetTimestamp();
        await DaemonFixture.WaitUntilAsync(async () => (await daemon.PostAsync("v1/embeddings", Embed)).Status == 200, DaemonFixture.Patience);
        Figures.Print(
            $"{answers} answers and {pagesInAll} pages at the limit of threads, {refused} new runners refused; after it a runner in {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s");
    }

    [Fact]
    public async Task At_the_limit_of_threads_the_daemon_can_be_ended()
    {
        using PidsGroup group = Prerequisite.Require(PidsGroup.TryCreate(), "There is no control group of processes that may be written to.");
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.PostAsync("v1/chat/completions", Chat);
        group.Add(daemon.ProcessId);
        group.Limit(group.Count);

        Assert.Equal(0, await daemon.EndAsync());
    }

    [Fact]
    public async Task Check_50_At_the_limit_of_open_files_it_logs_once_and_continues_when_files_are_free()
    {
        const int Clients = 60;
        const int FilesLeft = 12;
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.Client.GetStringAsync(new Uri("health", UriKind.Relative), Cancellation);
        int limit = Directory.GetFiles($"/proc/{daemon.ProcessId}/fd").Length + FilesLeft;
        using (Process prlimit = Process.Start("prlimit", ["--pid", $"{daemon.ProcessId}", $"--nofile={limit}:{limit}"]))
            await prlimit.WaitForExitAsync(Cancellation);

        var clients = new List<Socket>();
        try
        {
            for (int i = 0; i < Clients; i++)
            {
                var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                clients.Add(client);
                await client.ConnectAsync(new UnixDomainSocketEndPoint(daemon.SocketPath), Cancellation);
            }

            await DaemonFixture.WaitUntilAsync(() => Task.FromResult(Complaints(daemon) > 0), DaemonFixture.Patience);
        }
        finally
        {
            clients.ForEach(static client => client.Dispose());
        }

        Assert.Equal("ok", (await daemon.GetAsync("health")).GetProperty("status").GetString());
        Figures.Print($"{Clients} clients with {FilesLeft} files left: {Complaints(daemon)} line in the log, and an answer when they had left");
        Assert.Equal(1, Complaints(daemon));
    }

    [Fact]
    public async Task At_the_limit_of_open_files_it_ends_and_cleans_up()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.PostAsync("v1/chat/completions", Chat);
        int open = Directory.GetFiles($"/proc/{daemon.ProcessId}/fd").Length;
        using (Process prlimit = Process.Start("prlimit", ["--pid", $"{daemon.ProcessId}", $"--nofile={open}:{open}"]))
            await prlimit.WaitForExitAsync(Cancellation);
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(daemon.SocketPath), Cancellation);
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(Complaints(daemon) > 0), DaemonFixture.Patience);

        await daemon.EndWellAsync();
    }

    private static int Complaints(DaemonFixture daemon) =>
        daemon.Log.Split('\n').Count(static line => line.Contains("No more connections can be accepted", StringComparison.Ordinal));
}
