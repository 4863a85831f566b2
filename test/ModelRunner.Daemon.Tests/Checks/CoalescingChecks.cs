using System.Diagnostics;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Check 18: many scrapers cost a runner no more than one.</summary>
public sealed class CoalescingChecks
{
    private const int Scrapers = 50;
    private const int Cycles = 100;
    private static readonly TimeSpan MinInterval = TimeSpan.FromMilliseconds(200);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Check_18_Fifty_scrapers_send_a_runner_one_request_per_interval()
    {
        var reads = new List<long>();
        byte[] page = RawRunner.Page("rt:units_total 5\n");
        await using var runner = new RawRunner(1, (stream, _) =>
        {
            lock (reads)
                reads.Add(Stopwatch.GetTimestamp());
            return RawRunner.WriteAsync(stream, page);
        });
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true,
            Configuration = $$"""
                {
                  "metrics": { "minInterval": "{{MinInterval.TotalMilliseconds}}ms" },
                  "runners": [ { "backend": "llama.cpp", "model": "m1", "mode": "completion", "endpoint": "unix:{{runner.SocketPath}}" } ]
                }
                """,
        });
        using var tcp = new HttpClient { BaseAddress = daemon.TcpAddress };
        long started = Stopwatch.GetTimestamp();
        for (int cycle = 0; cycle < Cycles; cycle++)
        {
            string[] pages = await Task.WhenAll(Enumerable.Range(0, Scrapers).Select(i =>
                (i % 2 == 0 ? daemon.Client : tcp).GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation)));
            Assert.All(pages, static text => Assert.Contains("\nrt:units_total{backend=\"llama.cpp\",model=\"m1:latest\",mode=\"completion\"} 5\n", text, StringComparison.Ordinal));
        }

        TimeSpan time = Stopwatch.GetElapsedTime(started);
        TimeSpan[] gaps = [.. reads.Zip(reads.Skip(1), Stopwatch.GetElapsedTime)];
        Figures.Print($"{Scrapers * Cycles} scrapes, {reads.Count} requests to the runner, shortest gap {gaps.Min().TotalMilliseconds:0} ms");
        Assert.InRange(reads.Count, 1, Math.Min(Cycles, (int)(time / MinInterval) + 1));

        // The interval begins with the end of a request, which the runner does not see; it is never shorter for it.
        Assert.All(gaps, static gap => Assert.InRange(gap, MinInterval - TimeSpan.FromMilliseconds(5), TimeSpan.MaxValue));
    }
}
