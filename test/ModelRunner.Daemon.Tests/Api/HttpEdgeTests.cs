using System.Net;
using System.Text;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>Unusual but valid HTTP requests of real clients.</summary>
public sealed class HttpEdgeTests(SharedDaemon shared) : IClassFixture<SharedDaemon>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one"}],"max_tokens":1}""";

    private DaemonFixture Daemon => shared.Daemon;

    [Theory]
    [InlineData("health", 200)]
    [InlineData("metrics", 200)]
    [InlineData("v1/models", 200)]
    [InlineData("nope", 404)]
    public async Task Each_response_has_the_clients_request_id_or_a_new_one(string path, int status)
    {
        (int first, string own) = await RequestIdAsync(path, "req_abc-1.2:3");
        (int second, string made) = await RequestIdAsync(path, null);
        (_, string other) = await RequestIdAsync(path, "has spaces \"and\" quotes");

        Assert.Equal((status, status), (first, second));
        Assert.Equal("req_abc-1.2:3", own);
        Assert.Equal(32, made.Length);
        Assert.Equal(32, other.Length);
        Assert.NotEqual(made, other);
    }

    [Fact]
    public async Task A_runners_response_has_the_request_id_too()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = new StringContent(Chat) };
        request.Headers.Add("X-Request-ID", "from-the-client");
        using HttpResponseMessage response = await Daemon.Client.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("from-the-client", Assert.Single(response.Headers.GetValues("x-request-id")));
    }

    [Theory]
    [InlineData("//v1/models", 200)]
    [InlineData("/v1//models/", 200)]
    [InlineData("//engines///v1/models//tiny-chat:latest", 200)]
    [InlineData("//health", 200)]
    [InlineData("//slots", 404)]
    [InlineData("//", 200)]
    public async Task Empty_path_segments_are_ignored(string path, int status) =>
        Assert.StartsWith($"HTTP/1.1 {status} ", await RawAsync($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), StringComparison.Ordinal);

    [Theory]
    [InlineData("/slots")]
    [InlineData("/props")]
    [InlineData("/../slots")]
    [InlineData("//slots")]
    [InlineData("/v1/slots")]
    [InlineData("/engines/llama.cpp/slots")]
    [InlineData("/engines/llama.cpp/v1/../../../props")]
    public async Task SEC_05_Routes_that_show_prompts_of_other_clients_are_not_forwarded(string path)
    {
        await Daemon.PostAsync("v1/chat/completions", Chat);
        string answer = await RawAsync($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 404 ", answer, StringComparison.Ordinal);
        Assert.Contains("unknown_route", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/metrics?model=tiny-chat")]
    [InlineData("/../metrics")]
    public async Task SEC_05_Every_spelling_of_the_metrics_path_returns_the_daemons_page(string path)
    {
        string answer = await RawAsync($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        Assert.Contains("model_runner_", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_byte_order_mark_before_JSON_is_removed()
    {
        byte[] body = [0xef, 0xbb, 0xbf, .. Encoding.UTF8.GetBytes(Chat)];
        using var content = new ByteArrayContent(body);
        using HttpResponseMessage response = await Daemon.Client.PostAsync(new Uri("v1/chat/completions", UriKind.Relative), content, Cancellation);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.DoesNotContain('\ufeff', await LastRunnerBodyAsync());
    }

    [Theory]
    [InlineData("v1/messages", "/v1/messages")]
    [InlineData("v1/messages/count_tokens", "/v1/messages/count_tokens")]
    [InlineData("anthropic/v1/messages", "/v1/messages")]
    [InlineData("engines/llama.cpp/v1/messages", "/v1/messages")]
    [InlineData("v1/responses", "/v1/responses")]
    [InlineData("responses", "/v1/responses")]
    [InlineData("engines/v1/responses", "/v1/responses")]
    [InlineData("tokenize", "/tokenize")]
    [InlineData("detokenize", "/detokenize")]
    [InlineData("apply-template", "/apply-template")]
    [InlineData("infill", "/infill")]
    [InlineData("v1/audio/speech", "/v1/audio/speech")]
    [InlineData("engines/llama.cpp/v1/images/generations", "/v1/images/generations")]
    public async Task Further_routes_are_forwarded(string path, string runnerPath)
    {
        (int status, JsonElement body) = await Daemon.PostAsync(path, """{"model":"tiny-chat"}""");

        Assert.Equal(200, status);
        Assert.Equal(runnerPath, body.GetProperty("route").GetString());
    }

    [Fact]
    public async Task Texts_can_be_tokenized_for_a_model_that_only_embeds()
    {
        (int status, JsonElement body) = await Daemon.PostAsync("tokenize", """{"model":"tiny-embed","content":"x"}""");

        Assert.Equal(200, status);
        Assert.Equal("/tokenize", body.GetProperty("route").GetString());
        Assert.All(
            await Daemon.RunnersAsync(),
            static runner => Assert.False(
                runner.GetProperty("model_name").GetString() == "tiny-embed:latest" && runner.GetProperty("mode").GetString() != "embedding"));
    }

    [Fact]
    public async Task Errors_have_the_format_of_their_route()
    {
        (int ollamaStatus, JsonElement ollama) = await Daemon.PostAsync("api/chat", Chat);
        (int anthropicStatus, JsonElement anthropic) = await Daemon.PostAsync("v1/messages", """{"model":"nope"}""");

        Assert.Equal((404, 404), (ollamaStatus, anthropicStatus));
        Assert.Contains("/api/chat", ollama.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal("error", anthropic.GetProperty("type").GetString());
        Assert.Equal("not_found_error", anthropic.GetProperty("error").GetProperty("type").GetString());
        Assert.Contains("nope", anthropic.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_error_that_a_retry_cannot_fix_has_x_should_retry_false()
    {
        using HttpResponseMessage unknown = await Daemon.SendAsync(
            "v1/chat/completions", """{"model":"nope"}""", HttpCompletionOption.ResponseContentRead, Cancellation);

        Assert.Equal("false", Assert.Single(unknown.Headers.GetValues("x-should-retry")));
    }

    [Fact]
    public async Task A_model_is_shown_by_an_id_with_slashes()
    {
        Directory.CreateDirectory(Path.Join(shared.FolderPath, "models", "lab"));
        File.Copy(
            Path.Join(Repository.Root, "models", "tiny-chat.gguf"), Path.Join(shared.FolderPath, "models", "lab", "otter.gguf"), overwrite: true);

        foreach (string path in (string[])["v1/models/lab/otter:latest", "v1/models/lab%2Fotter:latest", "engines/v1/models/lab/otter"])
        {
            JsonElement model = default;
            await DaemonFixture.WaitUntilAsync(
                async () => (model = await Daemon.GetAsync(path)).TryGetProperty("id", out _), DaemonFixture.Patience);
            Assert.Equal("lab/otter:latest", model.GetProperty("id").GetString());
        }
    }

    private async Task<(int Status, string Id)> RequestIdAsync(string path, string? id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (id is not null)
            request.Headers.TryAddWithoutValidation("x-request-id", id);
        using HttpResponseMessage response = await Daemon.Client.SendAsync(request, Cancellation);
        return ((int)response.StatusCode, Assert.Single(response.Headers.GetValues("x-request-id")));
    }

    private async Task<string> LastRunnerBodyAsync()
    {
        JsonElement chat = (await Daemon.RunnersAsync()).First(static item => item.GetProperty("model_name").GetString() == "tiny-chat:latest");
        using HttpClient runner = DaemonFixture.RunnerClient(chat.GetProperty("pid").GetInt32());
        using var recorded = JsonDocument.Parse(await runner.GetStringAsync(new Uri("stub/requests", UriKind.Relative), Cancellation));
        return recorded.RootElement.GetProperty("requests").EnumerateArray()
            .Last(static item => item.GetProperty("method").GetString() == "POST").GetProperty("body").GetString()!;
    }

    private Task<string> RawAsync(string request) => RawHttp.SendAsync(Daemon.SocketPath, request);
}
