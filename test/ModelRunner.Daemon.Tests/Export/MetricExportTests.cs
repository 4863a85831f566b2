using System.Globalization;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Export;

/// <summary>The metrics of the daemon as a receiver gets them.</summary>
public sealed class MetricExportTests
{
    // The page writes a sum with microseconds, a receiver gets it with all its digits.
    private const double RoundingSeconds = 1e-6;

    private static readonly string[] Model = ["backend=llama.cpp", "mode=completion", "model=tiny-chat:latest"];

    [Fact]
    public async Task Metrics_have_the_values_of_the_page()
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(OtlpDaemon.Setup(receiver.Address));
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon, OtlpDaemon.Stream));
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
        Assert.Equal(404, await OtlpDaemon.ChatAsync(daemon, """{"model":"no-such-model","messages":[]}"""));
        AccountedPage page = await AccountedPage.ReadAsync(daemon);
        await receiver.WaitUntilAsync(() => Last(receiver, "model_runner.requests", ["outcome=invalid", "status_class=4xx"]) == 1);

        Assert.Equal(2, Last(receiver, "model_runner.requests", [.. Model, "outcome=completed", "status_class=2xx"]));
        Assert.Equal(page.Sum(AccountedPage.Tokens, "type=\"prompt\""), Last(receiver, "model_runner.tokens", [.. Model, "type=prompt"]));
        Assert.Equal(page.Sum(AccountedPage.Tokens, "type=\"generated\""), Last(receiver, "model_runner.tokens", [.. Model, "type=generated"]));
        Assert.Equal(1, Last(receiver, "model_runner.loads", [.. Model, "result=loaded"]));
        CheckHistogram(receiver, page, "model_runner.queue_wait", AccountedPage.QueueWait, Model);
        CheckHistogram(receiver, page, "model_runner.load_wait", AccountedPage.LoadWait, Model);
        CheckHistogram(receiver, page, "model_runner.load_duration", "model_runner_load_duration_seconds", Model);
        string[] operation = ["gen_ai.operation.name=chat", "gen_ai.provider.name=llama.cpp", "gen_ai.request.model=tiny-chat:latest"];
        CheckHistogram(receiver, page, "gen_ai.server.request.duration", AccountedPage.Duration, operation);
        CheckHistogram(receiver, page, "gen_ai.server.time_to_first_token", AccountedPage.FirstToken, operation);
        CheckHistogram(receiver, page, "gen_ai.server.time_per_output_token", AccountedPage.OutputToken, operation);
        Assert.DoesNotContain(receiver.Points, static point => point.ToString().Contains("no-such-model", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Metrics_show_the_present_state()
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(OtlpDaemon.Setup(receiver.Address).WithFaults("""{"hold_requests": true}"""));
        Task<int> chat = OtlpDaemon.ChatAsync(daemon);
        int process = await daemon.BusyRunnerProcessAsync();
        await receiver.WaitUntilAsync(() => Last(receiver, "model_runner.requests_in_flight", Model) == 1
            && Last(receiver, "model_runner.runner_state", [.. Model, "state=ready"]) == 1
            && Last(receiver, "model_runner.runners", ["state=ready"]) == 1
            && Last(receiver, "model_runner.resident_memory", Model) > 0

            // The instruments of one report are read one after another, so the request may have left the queue between two of them.
            && Last(receiver, "model_runner.requests_queued", Model) == 0);
        Assert.True(Last(receiver, "model_runner.memory_estimate", Model) > 0);
        Assert.True(Last(receiver, "model_runner.process_resident_memory", []) > 0);

        using (HttpClient runner = DaemonFixture.RunnerClient(process))
            await runner.PostAsync(new Uri("stub/release", UriKind.Relative), content: null, TestContext.Current.CancellationToken);
        Assert.Equal(200, await chat);
        await receiver.WaitUntilAsync(() => Last(receiver, "model_runner.requests_in_flight", Model) == 0);
    }

    [Fact]
    public async Task Counts_begin_with_the_process()
    {
        using var folder = new TemporaryFolder();
        await using (DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder }))
            Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));

        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using (DaemonFixture daemon = await DaemonFixture.StartAsync(OtlpDaemon.Setup(receiver.Address) with { Folder = folder }))
        {
            Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
            AccountedPage page = await AccountedPage.ReadAsync(daemon);
            Assert.Equal(2, page.Sum(AccountedPage.Requests));
            await receiver.WaitUntilAsync(() => Last(receiver, "model_runner.requests", [.. Model, "outcome=completed", "status_class=2xx"]) is not null);
        }

        Assert.Equal(1, Last(receiver, "model_runner.requests", [.. Model, "outcome=completed", "status_class=2xx"]));
    }

    [Fact]
    public async Task The_interval_and_the_temporality_of_the_variables_are_used()
    {
        await using OtlpReceiver receiver = await OtlpReceiver.StartAsync();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            OtlpDaemon.Setup(receiver.Address, ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta"), ("OTEL_TRACES_EXPORTER", "none")));
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
        await receiver.WaitUntilAsync(() => Points(receiver, "model_runner.requests").Any());
        Assert.Equal(200, await OtlpDaemon.ChatAsync(daemon));
        await receiver.WaitUntilAsync(() => Points(receiver, "model_runner.requests").Sum(static point => point.GetProperty("value").GetDouble()) == 2);

        const int Delta = 1;
        Assert.All(Points(receiver, "model_runner.requests"), static point => Assert.Equal(Delta, point.GetProperty("temporality").GetInt32()));
        Assert.Empty(receiver.Spans);
    }

    private static void CheckHistogram(OtlpReceiver receiver, AccountedPage page, string name, string family, string[] labels)
    {
        JsonElement point = Points(receiver, name).Last(point => Labels(point).SequenceEqual(labels.Order(StringComparer.Ordinal)));
        Assert.Equal(page.Sum(family + "_count", "tiny-chat"), point.GetProperty("count").GetDouble());
        double sum = page.Sum(family + "_sum", "tiny-chat");
        Assert.InRange(point.GetProperty("sum").GetDouble(), sum - RoundingSeconds, sum + RoundingSeconds);
        double below = 0;
        JsonElement[] bounds = [.. point.GetProperty("bounds").EnumerateArray()];
        Assert.NotEmpty(bounds);
        for (int i = 0; i < bounds.Length; i++)
        {
            below += point.GetProperty("buckets")[i].GetDouble();
            Assert.Equal(page.Sum(family + "_bucket", "tiny-chat", string.Create(CultureInfo.InvariantCulture, $"le=\"{bounds[i].GetDouble()}\"")), below);
        }
    }

    private static double? Last(OtlpReceiver receiver, string name, string[] labels)
    {
        JsonElement point = Points(receiver, name).LastOrDefault(point => Labels(point).SequenceEqual(labels.Order(StringComparer.Ordinal)));
        return point.ValueKind == JsonValueKind.Undefined ? null : point.GetProperty("value").GetDouble();
    }

    private static IEnumerable<JsonElement> Points(OtlpReceiver receiver, string name) => receiver.Points.Where(point => point.Text("name") == name);

    private static IEnumerable<string> Labels(JsonElement point) => point.GetProperty("attributes").EnumerateObject()
        .Select(static label => $"{label.Name}={label.Value}").Order(StringComparer.Ordinal);
}
