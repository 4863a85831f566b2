using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Inference.Exchange;

/// <summary>What people reported of the answers of model servers, tried with the daemon as a process.</summary>
public sealed class ServingCases
{
    private const string Route = "v1/chat/completions";
    private const string Plain = """{"model":"tiny-chat","messages":[]}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SRV_03_each_event_leaves_at_once_and_as_it_is()
    {
        using var next = new SemaphoreSlim(0);
        await using var runner = new RawRunner(1, async (stream, cancellation) =>
        {
            await RawRunner.WriteAsync(stream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray());
            for (int i = 0; i < 5; i++)
            {
                await RawRunner.WriteAsync(stream, Encoding.ASCII.GetBytes($"9\r\ndata: {i}\n\n\r\n"));
                await next.WaitAsync(cancellation);
            }

            return await RawRunner.WriteAsync(stream, "0\r\n\r\n"u8.ToArray());
        });
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = $$"""
                { "runners": [ { "backend": "x", "model": "raw", "mode": "completion", "endpoint": "unix:{{runner.SocketPath}}" } ] }
                """,
        });
        daemon.Client.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));

        using HttpResponseMessage response = await daemon.StreamAsync(Route, """{"model":"raw"}""");
        await using Stream body = await response.Content.ReadAsStreamAsync(Cancellation);
        var buffer = new byte[1000];
        for (int i = 0; i < 5; i++)
        {
            // The next event is not made before this one was read.
            int count = await body.ReadAsync(buffer, Cancellation);
            Assert.Equal($"data: {i}\n\n", Encoding.ASCII.GetString(buffer, 0, count));
            next.Release();
        }

        Assert.Equal(0, await body.ReadAsync(buffer, Cancellation));
        Assert.Empty(response.Content.Headers.ContentEncoding);
        Assert.Null(response.Content.Headers.ContentLength);
        Assert.Equal("no-cache", response.Headers.CacheControl?.ToString());
        Assert.Equal("no", Assert.Single(response.Headers.GetValues("X-Accel-Buffering")));
    }

    [Fact]
    public async Task SRV_05_a_stream_and_a_whole_answer_are_counted_alike()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Configuration = """{ "metrics": { "minInterval": "0s" } }""" });
        daemon.Client.DefaultRequestHeaders.AcceptEncoding.Add(new StringWithQualityHeaderValue("gzip"));
        var counted = new List<double>();
        foreach (string stream in (string[])["false", "true"])
        {
            double before = await PredictedAsync(daemon);
            string body = $$"""{"model":"tiny-chat","messages":[{"role":"user","content":"a b"}],"max_tokens":7,"stream":{{stream}}}""";
            using HttpResponseMessage response = await daemon.StreamAsync(Route, body);
            await response.Content.ReadAsByteArrayAsync(Cancellation);
            counted.Add(await PredictedAsync(daemon) - before);
        }

        Assert.Equal([7, 7], counted);
    }

    [Fact]
    public async Task SRV_09_a_load_may_take_longer_than_the_wait_for_capacity()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(With("""{"load_delay_ms": 2500}"""));
        Assert.Equal(200, (await daemon.PostAsync(Route, Plain)).Status);
    }

    [Fact]
    public async Task SRV_09_a_prompt_may_take_longer_than_the_limits_of_other_waits()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(With("""{"request_delay_ms": 3000}"""));
        Assert.Equal(200, (await daemon.PostAsync(Route, Plain)).Status);
    }

    [Fact]
    public async Task SRV_09_after_a_load_that_took_too_long_the_next_request_tries_again()
    {
        using var folder = new TemporaryFolder();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            With("""{"never_ready": true}""", """{ "limits": { "loadTimeout": "3s" } }""") with { Folder = folder });
        (int status, JsonElement body) = await daemon.PostAsync(Route, Plain);
        Assert.Equal((502, "runner_start_failed"), (status, body.GetProperty("error").GetProperty("code").GetString()));

        folder.Write(Path.Join("models", "tiny-chat.gguf.stub.json"), "{}");
        await DaemonFixture.WaitUntilAsync(async () => (await daemon.PostAsync(Route, Plain)).Status == 200, DaemonFixture.Patience);
    }

    private static DaemonSetup With(string faults, string? configuration = null) => new DaemonSetup
    {
        Configuration = configuration
            ?? """{ "limits": { "queueTimeout": "1s", "stopGrace": "1s", "drainTimeout": "1s" }, "metrics": { "timeout": "1s" } }""",
    }.WithFaults(faults);

    private static async Task<double> PredictedAsync(DaemonFixture daemon)
    {
        string page = await ScrapeAsync(daemon);
        string? line = page.Split('\n').FirstOrDefault(static line => line.StartsWith("llamacpp:tokens_predicted_total{", StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
    }

    private static async Task<string> ScrapeAsync(DaemonFixture daemon)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "metrics");
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);
        return await response.Content.ReadAsStringAsync(Cancellation);
    }
}
