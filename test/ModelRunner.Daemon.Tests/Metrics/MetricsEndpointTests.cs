using System.IO.Compression;
using System.Net;
using System.Text;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>The page as a client of the daemon sees it.</summary>
public sealed class MetricsEndpointTests(MetricsEndpointTests.Fixture fixture) : IClassFixture<MetricsEndpointTests.Fixture>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("metrics", null, "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData("metrics/", null, "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData("metrics", "application/json", "text/plain; version=0.0.4; charset=utf-8")]
    [InlineData("metrics", "application/openmetrics-text; version=1.0.0", "application/openmetrics-text; version=1.0.0; charset=utf-8")]
    public async Task NEG_03_The_content_type_matches_the_body(string path, string? accept, string type)
    {
        using HttpResponseMessage response = await SendAsync(HttpMethod.Get, path, ("Accept", accept));
        string page = await response.Content.ReadAsStringAsync(Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(type, response.Content.Headers.ContentType!.ToString());
        Assert.Equal(type.Contains("openmetrics", StringComparison.Ordinal), page.EndsWith("# EOF\n", StringComparison.Ordinal));
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.Equal($"{Encoding.UTF8.GetByteCount(page)}", Assert.Single(response.Content.Headers.NonValidated["Content-Length"]));
    }

    [Theory]
    [InlineData("gzip", true)]
    [InlineData("gzip, deflate, br, zstd", true)]
    [InlineData("gzip;q=0", false)]
    [InlineData("identity", false)]
    [InlineData("zstd", false)]
    [InlineData(null, false)]
    public async Task NEG_09_The_page_is_compressed_on_request(string? accepted, bool useGzip)
    {
        using HttpResponseMessage response = await SendAsync(HttpMethod.Get, "metrics", ("Accept-Encoding", accepted));
        Stream body = await response.Content.ReadAsStreamAsync(Cancellation);

        Assert.Equal(useGzip, response.Content.Headers.ContentEncoding.Contains("gzip"));
        Assert.Contains("Accept-Encoding", response.Headers.Vary);
        using var reader = new StreamReader(useGzip ? new GZipStream(body, CompressionMode.Decompress) : body);
        Assert.Contains("model_runner_build_info", await reader.ReadToEndAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task HEAD_returns_the_headers_and_reads_no_runner()
    {
        await fixture.Stub.Client.DeleteAsync(new Uri("stub/requests", UriKind.Relative), Cancellation);

        using HttpResponseMessage response = await SendAsync(HttpMethod.Head, "metrics");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType!.ToString());
        Assert.DoesNotContain(await fixture.Stub.RequestsAsync(), static request => request.GetProperty("target").GetString() == "/metrics");
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    public async Task Other_methods_are_refused(string method)
    {
        using HttpResponseMessage response = await SendAsync(new HttpMethod(method), "metrics");

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["GET", "HEAD"], response.Content.Headers.Allow.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task NEG_06_No_header_of_the_client_reaches_a_runner()
    {
        await fixture.Stub.Client.DeleteAsync(new Uri("stub/requests", UriKind.Relative), Cancellation);

        (await SendAsync(HttpMethod.Get, "metrics", ("Authorization", "Bearer canary"), ("Cookie", "canary=1"), ("Accept-Encoding", "gzip"))).Dispose();

        foreach (var request in await fixture.Stub.RequestsAsync())
            Assert.DoesNotContain("canary", request.GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"metrics_status": 503}""", "status")]
    [InlineData("""{"metrics_status": 501}""", "unsupported")]
    [InlineData("""{"metrics_html": 1}""", "content_type")]
    [InlineData("""{"metrics_truncate": 10}""", "truncated")]
    [InlineData("""{"metrics_endless": 1}""", "too_large")]
    [InlineData("""{"metrics_hang": "headers"}""", "timeout")]
    [InlineData("""{"metrics_hang": "body"}""", "timeout")]
    [InlineData("""{"metrics_close": 1}""", "refused")]
    [InlineData("""{"metrics_gzip": "no_header"}""", "parse")]
    public async Task A_runner_error_is_on_the_page_and_other_runners_are_shown(string faults, string reason)
    {
        await using StubProcess bad = await StubProcess.StartAsync(null, "--alias", "bad:latest");
        await using StubProcess good = await StubProcess.StartAsync(null, "--alias", "good:latest");
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = Attach(("bad", bad), ("good", good)) });
        await bad.SetFaultsAsync(faults);

        using var request = new HttpRequestMessage(HttpMethod.Get, "metrics");

        // Only a runner that hangs needs the end of the timeout. The others get one that a busy machine keeps.
        request.Headers.Add("X-Prometheus-Scrape-Timeout-Seconds", reason == "timeout" ? "6" : "60");
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);
        string page = await response.Content.ReadAsStringAsync(Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains($"model_runner_down_info{{backend=\"llama.cpp\",model=\"bad:latest\",mode=\"completion\",reason=\"{reason}\"}} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("model_runner_up{backend=\"llama.cpp\",model=\"good:latest\",mode=\"completion\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("llamacpp:prompt_tokens_total{backend=\"llama.cpp\",model=\"good:latest\",mode=\"completion\"} 0\n", page, StringComparison.Ordinal);
        Assert.DoesNotContain("llamacpp:prompt_tokens_total{backend=\"llama.cpp\",model=\"bad:latest\"", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TMO_09_While_a_model_loads_the_page_shows_it_without_waiting()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup().WithFaults("""{"load_delay_ms": 600000}"""));
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        Task<HttpResponseMessage> request = daemon.SendAsync(
            "v1/chat/completions", """{"model":"tiny-chat","messages":[]}""", HttpCompletionOption.ResponseContentRead, leaving.Token);
        await DaemonFixture.WaitUntilAsync(
            async () => (await daemon.RunnersAsync()).Any(static runner => runner.GetProperty("state").GetString() == "loading"), DaemonFixture.Patience);

        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);

        Assert.False(request.IsCompleted);
        Assert.Contains("model_runner_runners{state=\"loading\"} 1\n", page, StringComparison.Ordinal);
        Assert.Contains("mode=\"completion\",reason=\"loading\"} 1\n", page, StringComparison.Ordinal);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
    }

    private static string Attach(params (string Model, StubProcess Stub)[] runners) => $$"""
        { "runners": [ {{string.Join(", ", runners.Select(static runner =>
            $$"""{ "backend": "llama.cpp", "model": "{{runner.Model}}", "mode": "completion", "endpoint": "unix:{{runner.Stub.SocketPath}}" }"""))}} ] }
        """;

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, params (string Name, string? Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        foreach ((string name, string? value) in headers)
        {
            if (value is not null)
                request.Headers.TryAddWithoutValidation(name, value);
        }

        return await fixture.Daemon.Client.SendAsync(request, Cancellation);
    }

    /// <summary>One daemon with one attached runner, for tests that do not change it.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        internal StubProcess Stub { get; private set; } = null!;

        internal DaemonFixture Daemon { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Stub = await StubProcess.StartAsync(null, "--alias", "m:latest");
            Daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = Attach(("m", Stub)) });
        }

        public async ValueTask DisposeAsync()
        {
            await Daemon.DisposeAsync();
            await Stub.DisposeAsync();
        }
    }
}
