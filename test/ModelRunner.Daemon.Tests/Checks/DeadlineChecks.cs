using System.Globalization;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>Checks 11, 12 and 14: what a scrape waits for.</summary>
[Collection(CheckGroup.Name)]
public sealed class DeadlineChecks
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one"}],"max_tokens":1}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("stopped", false)]
    [InlineData("stopped", true)]
    [InlineData("body", false)]
    [InlineData("body", true)]
    public async Task Check_11_A_hung_runner_costs_its_own_series_and_no_more_than_nine_tenths_of_the_timeout(string fault, bool isTcp)
    {
        const int Hung = 3;
        const int Runners = 8;
        await using StubBed bed = await StubBed.StartAsync(Runners);
        if (fault == "stopped")
            await bed.Stubs[Hung].SignalAsync(19);
        else
            await bed.Stubs[Hung].SetFaultsAsync("""{"metrics_hang": "body"}""");
        try
        {
            foreach (double seconds in (double[])[2, 0.5])
            {
                await Figures.RetryWhileBusyAsync(bed.Processes, async () =>
                {
                    (string page, TimeSpan time) = await bed.ScrapeAsync(isTcp, seconds.ToString(CultureInfo.InvariantCulture));
                    for (int runner = 0; runner < Runners; runner++)
                        StubBed.AssertRunner(page, runner, runner == Hung ? "timeout" : null);
                    Figures.Print($"timeout {seconds} s: {time.TotalSeconds:0.000} s, 7 of 8 runners");
                    return time.TotalSeconds < 0.9 * seconds ? null : $"{time.TotalSeconds:0.000} s with a timeout of {seconds} s";
                });
            }
        }
        finally
        {
            await bed.Stubs[Hung].SignalAsync(18);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Check_12_Each_form_of_the_timeout_header_gives_its_deadline_or_the_default(bool isTcp)
    {
        // The default is metrics.timeout, which is 1 s here: the page is complete within it, while a scraper's own timeout keeps a tenth for the way.
        (string[] Header, double Seconds)[] forms =
        [
            (["10"], 9), (["0.5"], 0.45), (["2.000"], 1.8), (["abc"], 1), (["-1"], 1), (["1e9"], 1), (["NaN"], 1), ([], 1), (["3", "4"], 1),
        ];
        await using StubBed bed = await StubBed.StartAsync(2, """ "minInterval": "0s", "timeout": "1s" """);
        await bed.Stubs[1].SetFaultsAsync("""{"metrics_hang": "headers"}""");
        await Figures.RetryWhileBusyAsync(bed.Processes, async () =>
        {
            // The longest one comes first: a read that a shorter scrape begins ends with metrics.timeout also for those that join it.
            Task<(string, TimeSpan)> longest = bed.ScrapeAsync(isTcp, forms[0].Header);
            await Task.Delay(TimeSpan.FromMilliseconds(200), Cancellation);
            (string Page, TimeSpan Time)[] pages = await Task.WhenAll([longest, .. forms[1..].Select(form => bed.ScrapeAsync(isTcp, form.Header))]);
            string? problem = null;
            for (int i = 0; i < forms.Length; i++)
            {
                StubBed.AssertRunner(pages[i].Page, 1, "timeout");
                double time = pages[i].Time.TotalSeconds;
                Figures.Print($"[{string.Join(", ", forms[i].Header)}]: {time:0.000} s of {forms[i].Seconds} s");

                // The runner was waited for, and not longer than that.
                Assert.True(time > forms[i].Seconds * 0.5, $"[{string.Join(", ", forms[i].Header)}]: {time}");
                problem ??= time < forms[i].Seconds ? null : $"[{string.Join(", ", forms[i].Header)}]: {time:0.000} s";
            }

            return problem;
        });
    }

    [Fact]
    public async Task Check_14_Scrapes_do_not_keep_a_model_loaded()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true, Configuration = """{ "keepAlive": "3s", "metrics": { "minInterval": "0s" } }""",
        });
        using var tcp = new HttpClient { BaseAddress = daemon.TcpAddress };
        await Figures.RetryWhileBusyAsync([daemon.ProcessId], async () =>
        {
            Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
            long ended = TimeProvider.System.GetTimestamp();
            int runner = await daemon.RunnerProcessAsync();
            int scrapes = 0;
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
            while (ProcessTable.IsAlive(runner))
            {
                string page = await (scrapes % 2 == 0 ? daemon.Client : tcp).GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
                Assert.Contains("model_runner_", page, StringComparison.Ordinal);
                Assert.True(++scrapes < 100, "The model is still loaded after 20 s.");
                await timer.WaitForNextTickAsync(Cancellation);
            }

            // The process is looked at every 0.2 s.
            TimeSpan time = TimeProvider.System.GetElapsedTime(ended);
            Figures.Print($"unloaded {time.TotalSeconds:0.00} s after the response, {scrapes} scrapes");
            Assert.InRange(time.TotalSeconds, 3, 20);
            return time.TotalSeconds <= 3.5 ? null : $"unloaded after {time.TotalSeconds:0.00} s";
        });
    }
}
