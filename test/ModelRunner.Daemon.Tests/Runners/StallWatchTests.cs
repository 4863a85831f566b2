using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>Runners whose requests make no progress, in the real daemon.</summary>
public sealed class StallWatchTests
{
    private const string Route = "v1/chat/completions";
    private const string Stalled = "model_runner_stalled";
    private const string Stalls = "model_runner_stalls_total";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_runner_that_stands_still_is_reported_and_its_requests_go_on_when_it_moves_again()
    {
        await using DaemonFixture daemon = await StartAsync(""" "stallTimeout": "1s" """, """{"token_delay_ms": 20}""");
        using HttpResponseMessage stream = await StreamAsync(daemon, tokens: 100);
        int process = await daemon.RunnerProcessAsync();
        Assert.Equal(0, (await AccountedPage.ReadNowAsync(daemon)).Sum(Stalled));

        await DaemonFixture.SignalAsync(process, "STOP");
        await daemon.WaitForLogAsync("is stalled, requests=1: it has had requests for ");
        JsonElement runner = Assert.Single(await daemon.RunnersAsync());
        Assert.Equal("ready", runner.GetProperty("state").GetString());
        Assert.EndsWith("Z", runner.GetProperty("stalled_since").GetString(), StringComparison.Ordinal);
        AccountedPage page = await AccountedPage.ReadNowAsync(daemon);
        Assert.Equal((1, 1), (page.Sum(Stalled), page.Sum(Stalls)));
        Assert.Contains("stalled", (await daemon.RunClientAsync("/", "ps", "--host", $"unix:{daemon.SocketPath}")).Out, StringComparison.Ordinal);
        JsonElement decision = (await daemon.GetAsync("engines/decisions")).GetProperty("decisions")[0];
        Assert.Equal("stall", decision.GetProperty("decision").GetString());

        await DaemonFixture.SignalAsync(process, "CONT");
        Assert.EndsWith("data: [DONE]\n\n", await stream.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        await daemon.WaitForLogAsync("is no longer stalled");
        Assert.Equal(process, await daemon.RunnerProcessAsync());
        page = await AccountedPage.ReadAsync(daemon);
        Assert.Equal((0, 1, 0), (page.Sum(Stalled), page.Sum(Stalls), page.Sum("model_runner_crashes_total")));
    }

    [Fact]
    public async Task A_runner_that_stands_still_is_restarted_if_that_is_configured()
    {
        await using DaemonFixture daemon = await StartAsync(
            """ "stallTimeout": "1s", "restartStalled": true, "stopGrace": "1s" """, """{"token_delay_ms": 20}""");
        using HttpResponseMessage stream = await StreamAsync(daemon, tokens: 100_000);
        int process = await daemon.RunnerProcessAsync();

        await DaemonFixture.SignalAsync(process, "STOP");

        Assert.Contains("answer_cut", await stream.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.Equal(200, (await daemon.PostAsync(Route, """{"model":"tiny-chat","messages":[],"max_tokens":1}""")).Status);
        Assert.NotEqual(process, await daemon.RunnerProcessAsync());
        Assert.DoesNotContain("is no longer stalled", daemon.Log, StringComparison.Ordinal);
        AccountedPage page = await AccountedPage.ReadAsync(daemon);
        Assert.Equal(1, page.Sum("model_runner_stops_total", "reason=\"stalled\""));
        Assert.Equal(1, page.Sum("model_runner_crashes_total", "class=\"killed_by_daemon\""));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_long_prompt_is_progress_while_the_slots_move(bool moves)
    {
        // The response begins after three times the limit.
        await using DaemonFixture daemon = await StartAsync(""" "stallTimeout": "2s" """, """{"request_delay_ms": 6000, "slots": "[]"}""");
        Task<(int Status, JsonElement Answer)> answering = daemon.PostAsync(Route, """{"model":"tiny-chat","messages":[],"max_tokens":1}""");
        await DaemonFixture.WaitUntilAsync(
            async () => (await daemon.RunnersAsync()).Any(static runner => runner.GetProperty("in_flight").GetInt32() == 1), DaemonFixture.Patience);
        using HttpClient stub = DaemonFixture.RunnerClient(await daemon.RunnerProcessAsync());
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        for (int i = 1; moves && !answering.IsCompleted && await timer.WaitForNextTickAsync(Cancellation); i++)
        {
            string faults = string.Create(CultureInfo.InvariantCulture, $$"""{"slots": "[{\"id\":0,\"is_processing\":true,\"n_prompt_tokens_processed\":{{i}}}]"}""");
            using var content = new StringContent(faults, Encoding.UTF8, "application/json");
            using HttpResponseMessage set = await stub.PostAsync(new Uri("stub/faults", UriKind.Relative), content, Cancellation);
            Assert.Equal(HttpStatusCode.OK, set.StatusCode);
        }

        Assert.Equal(200, (await answering).Status);
        Assert.Equal(moves ? 0 : 1, (await AccountedPage.ReadAsync(daemon)).Sum(Stalls));
    }

    private static Task<DaemonFixture> StartAsync(string limits, string faults) => DaemonFixture.StartAsync(new DaemonSetup
    {
        Configuration = $$"""{ "metrics": { "minInterval": "0s" }, "limits": { {{limits}} } }""",
    }.WithFaults(faults));

    private static Task<HttpResponseMessage> StreamAsync(DaemonFixture daemon, int tokens) => daemon.StreamAsync(
        Route, string.Create(CultureInfo.InvariantCulture, $$"""{"model":"tiny-chat","messages":[],"stream":true,"max_tokens":{{tokens}}}"""));
}
