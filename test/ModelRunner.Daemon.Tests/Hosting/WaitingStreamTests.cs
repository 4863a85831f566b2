using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>Clients that wait longer than the five seconds after which a stream begins with comments.</summary>
public sealed class WaitingStreamTests
{
    private const string Comment = ": waiting for the model\n\n";
    private const string Position = "X-Model-Runner-Queue-Position";
    private const string ExpectedLoad = "X-Model-Runner-Expected-Load-Seconds";
    private const string SlowLoad = """{"load_delay_ms": 7000}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stream_begins_with_comments_and_is_the_same_after_them()
    {
        await using DaemonFixture daemon = await StartAsync(SlowLoad);

        using HttpResponseMessage response = await AskAsync(daemon);

        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        Assert.Equal("1", Assert.Single(response.Headers.GetValues(Position)));
        Assert.False(response.Headers.Contains(ExpectedLoad));
        string text = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.StartsWith(Comment + "data: {", text, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
        AccountedPage page = await AccountedPage.ReadAsync(daemon);
        Assert.Equal(1, page.Sum(AccountedPage.Requests, "outcome=\"completed\"", "status_class=\"2xx\""));
        Assert.Equal((1, 4), (page.Sum(AccountedPage.Requests), page.Sum(AccountedPage.Tokens, "type=\"generated\"")));
    }

    [Theory]
    [InlineData("v1/chat/completions", "data: {\"error\":{\"message\":", "\"code\":\"runner_start_failed\"")]
    [InlineData("v1/messages", "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",", "\"request_id\":")]
    public async Task A_start_that_fails_after_the_headers_is_an_error_event(string route, string begin, string member)
    {
        await using DaemonFixture daemon = await StartAsync("""{"never_ready": true}""", """ "loadTimeout": "6s" """);

        using HttpResponseMessage response = await AskAsync(daemon, route);
        string text = await response.Content.ReadAsStringAsync(Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.StartsWith(Comment + begin, text, StringComparison.Ordinal);
        Assert.EndsWith("\n\n", text, StringComparison.Ordinal);
        Assert.Contains(member, text, StringComparison.Ordinal);
        Assert.Contains("was not ready after 6 s", text, StringComparison.Ordinal);
        AccountedPage page = await AccountedPage.ReadAsync(daemon);
        Assert.Equal(1, page.Sum(AccountedPage.Requests, "outcome=\"refused\"", "status_class=\"2xx\""));
        Assert.Equal((1, 1), (page.Sum(AccountedPage.Requests), page.Sum(AccountedPage.Refused, "reason=\"runner_start_failed\"")));
    }

    [Fact]
    public async Task An_error_of_the_engine_after_the_headers_is_an_error_event()
    {
        await using DaemonFixture daemon = await StartAsync("""{"load_delay_ms": 7000, "request_status": 400}""");

        using HttpResponseMessage response = await AskAsync(daemon);
        string text = await response.Content.ReadAsStringAsync(Cancellation);

        Assert.StartsWith(Comment + "data: {", text, StringComparison.Ordinal);
        using var error = JsonDocument.Parse(text[(Comment.Length + "data: ".Length)..]);
        Assert.Equal(JsonValueKind.Object, error.RootElement.GetProperty("error").ValueKind);
        AccountedPage page = await AccountedPage.ReadAsync(daemon);
        Assert.Equal(1, page.Sum(AccountedPage.Requests, "outcome=\"error\"", "status_class=\"2xx\""));
    }

    [Fact]
    public async Task A_request_without_a_stream_gets_its_status_and_how_it_waited()
    {
        await using DaemonFixture daemon = await StartAsync("""{"load_delay_ms": 2000}""");
        for (int load = 1; load <= 2; load++)
        {
            using HttpResponseMessage response = await daemon.SendAsync(
                "v1/chat/completions", """{"model":"tiny-chat","messages":[]}""", HttpCompletionOption.ResponseContentRead, Cancellation);

            Assert.Equal("1", Assert.Single(response.Headers.GetValues(Position)));
            if (load == 2)
            {
                double expected = double.Parse(Assert.Single(response.Headers.GetValues(ExpectedLoad)), CultureInfo.InvariantCulture);
                Assert.InRange(expected, 2, 60);
            }

            await daemon.PostAsync("engines/unload", """{"all":true}""");
        }

        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", """{"model":"tiny-chat","messages":[]}""")).Status);
        using HttpResponseMessage ready = await daemon.SendAsync(
            "v1/chat/completions", """{"model":"tiny-chat","messages":[]}""", HttpCompletionOption.ResponseContentRead, Cancellation);
        Assert.False(ready.Headers.Contains(Position));
    }

    [Fact]
    public async Task A_request_that_only_loads_a_model_gets_how_it_waited_too()
    {
        await using DaemonFixture daemon = await StartAsync("""{"load_delay_ms": 1500}""");
        for (int load = 1; load <= 2; load++)
        {
            using HttpResponseMessage response = await PreloadAsync(daemon);

            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("1", Assert.Single(response.Headers.GetValues(Position)));
            Assert.Equal(load == 2, response.Headers.Contains(ExpectedLoad));
            await daemon.PostAsync("engines/unload", """{"all":true}""");
        }
    }

    [Fact]
    public async Task A_client_that_leaves_while_it_waits_is_counted_once_and_the_load_goes_on()
    {
        await using DaemonFixture daemon = await StartAsync(SlowLoad);
        using (HttpResponseMessage response = await AskAsync(daemon))
        {
            await using Stream stream = await response.Content.ReadAsStreamAsync(Cancellation);
            Assert.Equal((int)':', stream.ReadByte());
        }

        AccountedPage page = await AccountedPage.ReadAsync(daemon);

        Assert.Equal(1, page.Sum(AccountedPage.Requests, "outcome=\"client_closed\"", "status_class=\"2xx\""));
        Assert.Equal((1, 0), (page.Sum(AccountedPage.Requests), page.Sum(AccountedPage.Queued)));
        await DaemonFixture.WaitUntilAsync(
            async () => (await daemon.RunnersAsync()).Any(static runner => runner.GetProperty("state").GetString() == "ready"), DaemonFixture.Patience);
    }

    private static Task<DaemonFixture> StartAsync(string faults, string limits = "") => DaemonFixture.StartAsync(new DaemonSetup
    {
        Configuration = $$"""{ "metrics": { "minInterval": "0s" }, "limits": { {{limits}} } }""",
    }.WithFaults(faults));

    private static async Task<HttpResponseMessage> PreloadAsync(DaemonFixture daemon)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions");
        request.Headers.Add("X-Preload-Only", "true");
        request.Content = new StringContent("""{"model":"tiny-chat"}""", Encoding.UTF8, "application/json");
        return await daemon.Client.SendAsync(request, Cancellation);
    }

    private static Task<HttpResponseMessage> AskAsync(DaemonFixture daemon, string route = "v1/chat/completions") => daemon.StreamAsync(
        route, """{"model":"tiny-chat","messages":[{"role":"user","content":"one"}],"max_tokens":4,"stream":true}""");
}
