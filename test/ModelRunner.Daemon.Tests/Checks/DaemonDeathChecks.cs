using System.Diagnostics;
using System.Globalization;
using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Checks 23 and 25: the daemon is killed at any time, and started again.</summary>
[Collection(CheckGroup.Name)]
public sealed class DaemonDeathChecks
{
    private const int Scripts = 6;
    private const string Chat = """{"model":"tiny-chat","messages":[],"max_tokens":1}""";
    private const string Embed = """{"model":"tiny-embed","input":"one"}""";
    private static readonly int Rounds = Figures.Count(usual: 16, full: 100);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Check_23_and_25_After_SIGKILL_at_any_time_all_runners_end_and_the_next_daemon_serves()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(Rounds);
        TimeSpan longestEnd = TimeSpan.Zero, longestStart = TimeSpan.Zero;
        DaemonIdentity? last = null;
        int survivors = 0;
        for (int round = 0; round < Rounds; round++)
        {
            await Figures.RetryWhileBusyAsync([], async () =>
            {
                survivors += last is null ? 0 : 1;
                (TimeSpan start, TimeSpan end, last) = await RunAsync(folder, last, TimeSpan.FromMilliseconds(random.Next(5, 700)));
                if (start > Limit || end > Limit)
                    return $"started within {start.TotalSeconds:0.00} s, the last process gone after {end.TotalSeconds:0.00} s";
                longestStart = start > longestStart ? start : longestStart;
                longestEnd = end > longestEnd ? end : longestEnd;
                return null;
            });
        }

        Figures.Print($"{Rounds} rounds of 8 runners: 0 survivors, the last process gone after {longestEnd.TotalSeconds:0.00} s, started within {longestStart.TotalSeconds:0.00} s, beside a stale socket and lock and {survivors} planted survivors, all ended");
    }

    /// <summary>Starts a daemon and its runners, and kills it some time later.</summary>
    /// <param name="folder">Its folder, with what the last one left.</param>
    /// <param name="last">The last one; null: there was none. A process is planted that outlives it.</param>
    /// <param name="time">How much later.</param>
    /// <returns>How long the daemon needed until it served and the planted process was gone, how long its own processes lived after it, and who it was.</returns>
    private static async Task<(TimeSpan Start, TimeSpan End, DaemonIdentity Identity)> RunAsync(TemporaryFolder folder, DaemonIdentity? last, TimeSpan time)
    {
        using Process? survivor = last is { } dead ? Plant(dead) : null;
        long started = Stopwatch.GetTimestamp();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder, Configuration = ConfigurationFor(folder) });
        Assert.Equal("ok", (await daemon.GetAsync("health")).GetProperty("status").GetString());
        if (survivor is not null)
            await survivor.WaitForExitAsync(Cancellation).WaitAsync(DaemonFixture.Patience, Cancellation);
        TimeSpan start = Stopwatch.GetElapsedTime(started);
        DaemonIdentity identity = DaemonIdentity.Own with { ProcessId = daemon.ProcessId, StartTime = ProcessList.Find(daemon.ProcessId)!.Value.StartTime };

        using var leaving = new CancellationTokenSource();
        Task[] requests =
        [
            AskAsync(daemon, "v1/chat/completions", Chat, leaving.Token), AskAsync(daemon, "v1/embeddings", Embed, leaving.Token),
            .. Enumerable.Range(0, Scripts).Select(i => AskAsync(daemon, "v1/chat/completions", $$"""{"model":"s{{i}}","messages":[]}""", leaving.Token)),
        ];

        // From the middle of the first start to the time when all run.
        await Task.Delay(time, Cancellation);
        await daemon.KillAsync();
        long killed = Stopwatch.GetTimestamp();
        while (ProcessTable.FindByArguments(folder.Path + "/") is > 0 and var left)
        {
            Assert.True(Stopwatch.GetElapsedTime(killed) < DaemonFixture.Patience, $"Process {left} outlives the daemon.");
            await Task.Delay(5, Cancellation);
        }

        TimeSpan end = Stopwatch.GetElapsedTime(killed);
        await leaving.CancelAsync();
        await Task.WhenAll(requests);
        Assert.True(File.Exists(daemon.SocketPath));
        Assert.True(File.Exists(daemon.SocketPath + ProcessLock.Suffix));
        return (start, end, identity);
    }

    // A process with the mark of the runners of a daemon that was killed. The next daemon has to end it.
    private static Process Plant(DaemonIdentity dead)
    {
        var start = new ProcessStartInfo("/bin/sleep", ["600"]);
        start.Environment[ProcessMark.OwnerVariable] = dead.ToString();
        return Process.Start(start)!;
    }

    // Engines that are never ready; two of them start a process in a session of its own.
    private static string ConfigurationFor(TemporaryFolder folder)
    {
        string mark = folder.PathOf("mark");
        string models = string.Join(", ", Enumerable.Range(0, Scripts).Select(static i => string.Create(
            CultureInfo.InvariantCulture, $$""" "s{{i}}": { "engine": "{{(i < 2 ? "family" : "single")}}", "mode": "completion" } """)));
        return $$"""
            {
              "limits": { "maxRunners": 8 },
              "engines": {
                "single": { "command": ["/bin/sh", "-c", "exec sleep 600", "{{mark}}", "{socket}"] },
                "family": { "command": ["/bin/sh", "-c", "setsid sh -c 'sleep 600; :' {{mark}} & wait", "{{mark}}", "{socket}"] }
              },
              "models": { {{models}} }
            }
            """;
    }

    private static async Task AskAsync(DaemonFixture daemon, string path, string body, CancellationToken leaving)
    {
        try
        {
            using HttpResponseMessage response = await daemon.SendAsync(path, body, HttpCompletionOption.ResponseContentRead, leaving);
        }
        catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
        {
            // The daemon was killed.
        }
    }
}
