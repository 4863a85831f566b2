using System.Diagnostics;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Check 33: a runner that ends at once is not started again and again.</summary>
[Collection(CheckGroup.Name)]
public sealed class BackoffChecks
{
    private const string Ask = """{"model":"broken","messages":[]}""";
    private static readonly TimeSpan Time = TimeSpan.FromSeconds(Figures.Count(usual: 45, full: 60));

    /// <summary>The waits double from 0.1 s, so a start is not before 0.1, 0.3, 0.7, 1.5 s and so on.</summary>
    private static readonly int MaxStarts = 1 + (int)Math.Floor(Math.Log2((Time.TotalSeconds / 0.1) + 1));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Check_33_Starts_that_fail_become_rare_and_cost_little()
    {
        await using DaemonFixture daemon = await StartAsync("exit 3");
        for (int i = 0; i < 20; i++)
            await daemon.PostAsync("v1/chat/completions", """{"model":"nothing","messages":[]}""");

        // The code of this path is compiled at its first use, which costs more than the starts.
        await AskAsync(daemon, TimeSpan.FromSeconds(4));
        await Figures.RetryWhileBusyAsync([daemon.ProcessId], async () =>
        {
            await daemon.PostAsync("engines/unload", """{"models":["broken"]}""");
            double before = await StartsAsync(daemon);
            using var process = Process.GetProcessById(daemon.ProcessId);
            TimeSpan processor = process.TotalProcessorTime;
            long started = Stopwatch.GetTimestamp();
            IReadOnlyDictionary<int, int> statuses = await AskAsync(daemon, Time);
            process.Refresh();
            double share = (process.TotalProcessorTime - processor) / Stopwatch.GetElapsedTime(started);
            double starts = await StartsAsync(daemon) - before;
            string answers = string.Join(", ", statuses.Select(static pair => $"{pair.Value} times {pair.Key}"));
            Figures.Print($"{starts} starts in {Time.TotalSeconds:0} s (at most {MaxStarts}), {share:P1} of a processor, {answers}");
            Assert.InRange(starts, 2, MaxStarts);
            Assert.All(statuses.Keys, static status => Assert.InRange(status, 502, 503));
            return share < 0.05 ? null : $"{share:P1} of a processor";
        });
    }

    [Fact]
    public async Task Check_33_A_runner_that_starts_after_five_failures_serves()
    {
        using var folder = new TemporaryFolder();
        string count = folder.Write("count", "");
        await using DaemonFixture daemon = await StartAsync(
            $"echo x >> {count}; [ $(wc -l < {count}) -gt 5 ] || exit 3; exec \\\"$0\\\" --host \\\"$1\\\" --alias broken:latest");
        int tries = 0;
        await DaemonFixture.WaitUntilAsync(
            async () =>
            {
                tries++;
                return (await daemon.PostAsync("v1/chat/completions", Ask)).Status == 200;
            },
            DaemonFixture.Patience);
        Assert.Equal(6, (await File.ReadAllLinesAsync(count, Cancellation)).Length);
        Figures.Print($"served by the 6th start, after {tries} requests");
    }

    // Two requests a second. Returns how often each status came.
    private static async Task<IReadOnlyDictionary<int, int>> AskAsync(DaemonFixture daemon, TimeSpan time)
    {
        var statuses = new Dictionary<int, int>();
        long started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        while (Stopwatch.GetElapsedTime(started) < time)
        {
            using HttpResponseMessage response = await daemon.SendAsync("v1/chat/completions", Ask, HttpCompletionOption.ResponseContentRead, Cancellation);
            int status = (int)response.StatusCode;
            statuses[status] = statuses.GetValueOrDefault(status) + 1;
            if (status == 503)
                Assert.NotNull(response.Headers.RetryAfter);
            await timer.WaitForNextTickAsync(Cancellation);
        }

        return statuses;
    }

    private static async Task<double> StartsAsync(DaemonFixture daemon) => (await AccountedPage.ReadNowAsync(daemon)).Sum("model_runner_loads_total", "model=\"broken:latest\"");

    private static Task<DaemonFixture> StartAsync(string script) => DaemonFixture.StartAsync(new DaemonSetup
    {
        Configuration = $$"""
            {
              "metrics": { "minInterval": "0s" },
              "engines": { "lab": { "command": ["/bin/sh", "-c", "{{script}}", "{{StubProcess.ExecutablePath}}", "{socket}"] } },
              "models": { "broken": { "engine": "lab", "mode": "completion" } }
            }
            """,
    });
}
