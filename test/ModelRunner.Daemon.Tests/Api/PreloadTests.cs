using System.Net;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>Preloading, errors that a retry cannot fix, and details that clients do not see.</summary>
public sealed class PreloadTests
{
    private const string Picture = """
        {"model":"tiny-chat","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA=="}}]}]}
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_preload_loads_the_model_and_returns_an_empty_response()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "engines/v1/chat/completions");
        request.Headers.Add("X-Preload-Only", "true");
        request.Content = new StringContent("""{"model":"tiny-chat"}""");
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync(Cancellation));
        JsonElement runner = Assert.Single(await daemon.RunnersAsync());
        Assert.Equal("ready", runner.GetProperty("state").GetString());
        using HttpClient stub = DaemonFixture.RunnerClient(runner.GetProperty("pid").GetInt32());
        string recorded = await stub.GetStringAsync(new Uri("stub/requests", UriKind.Relative), Cancellation);
        Assert.DoesNotContain("chat/completions", recorded, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_preload_of_an_unknown_model_says_so()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = new StringContent("""{"model":"nope"}""") };
        request.Headers.Add("X-Preload-Only", "true");
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Theory]
    [InlineData(500, "image input is not supported - hint: if this is unexpected, you may need to provide the mmproj", 400)]
    [InlineData(501, "Infill is not supported by this model", 400)]
    [InlineData(500, "Compute error.", 500)]
    public async Task An_engine_error_that_a_retry_cannot_fix_becomes_400(int runnerStatus, string message, int status)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup().WithFaults($$"""{"request_status": {{runnerStatus}}, "request_message": "{{message}}"}"""));
        using HttpResponseMessage response = await daemon.SendAsync(
            "v1/chat/completions", Picture, HttpCompletionOption.ResponseContentRead, Cancellation);
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation));

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(message, body.RootElement.GetProperty("error").GetProperty("message").GetString());
        Assert.Equal(status == 400, response.Headers.Contains("x-should-retry"));
    }

    [Fact]
    public async Task A_start_that_fails_shows_no_folder_to_the_client_and_the_whole_line_in_the_log()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup().WithFaults("""{"exit_at_start": 1, "stderr_text": "E gguf_init_from_file: failed to open GGUF file '/srv/secret place/x.gguf' (No such file)"}"""));
        (int status, JsonElement body) = await daemon.PostAsync("v1/chat/completions", """{"model":"tiny-chat","messages":[]}""");
        string ps = (await daemon.GetAsync("engines/ps")).GetRawText();
        string state = (await daemon.GetAsync("engines/status")).GetRawText();

        Assert.Equal(502, status);
        Assert.Contains("'x.gguf'", body.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain("/srv", body.GetRawText() + ps + state, StringComparison.Ordinal);
        await daemon.WaitForLogAsync("/srv/secret place/x.gguf");
    }
}
