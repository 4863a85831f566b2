using System.Net;
using System.Text;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Inference;

public sealed class DaemonRequestTests(SharedDaemon shared) : IClassFixture<SharedDaemon>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two three"}],"max_tokens":5}""";

    private DaemonFixture Daemon => shared.Daemon;

    public static TheoryData<string, string, int, string?, string> Refused => new()
    {
        { "v1/chat/completions", "{", 400, null, "not valid JSON" },
        { "v1/chat/completions", "[]", 400, null, "not a JSON object" },
        { "v1/chat/completions", """{"messages":[]}""", 400, null, "no \"model" },
        { "v1/chat/completions", """{"model":"nope"}""", 404, "model_not_found", "nope:latest" },
        { "v1/chat/completions", """{"model":"a\u0007"}""", 400, "model_invalid", "a\\x07" },
        { "v1/chat/completions", """{"model":"tiny-embed"}""", 400, "unsupported_mode", "mode completion; it is for embedding" },
        { "v1/embeddings", """{"model":"nope"}""", 404, "model_not_found", "nope:latest" },
        { "v1/rerank", """{"model":"tiny-chat"}""", 400, "unsupported_mode", "mode reranking" },
        { "engines/nope/v1/chat/completions", Chat, 404, "backend_not_found", "nope" },
        { "engines/unload", """{"models":["nope"]}""", 404, "model_not_found", "nope" },
        { "engines/unload", "{}", 400, null, "selects nothing" },
        { "v1/nope", "{}", 404, "unknown_route", "/v1/nope" },
        { "slots", "{}", 404, "unknown_route", "/slots" },
        { "v1/models", "{}", 405, "method_not_allowed", "POST" },
    };

    [Theory]
    [InlineData("v1/chat/completions")]
    [InlineData("engines/v1/chat/completions")]
    [InlineData("engines/llama.cpp/v1/chat/completions")]
    public async Task A_chat_is_answered_under_every_prefix(string path)
    {
        (int status, JsonElement body) = await Daemon.PostAsync(path, Chat);

        Assert.Equal(200, status);
        JsonElement message = body.GetProperty("choices")[0].GetProperty("message");
        Assert.Equal("word1 word2 word3 word4 word5", message.GetProperty("content").GetString());
        Assert.Equal(3, body.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task Texts_are_embedded_by_a_runner_of_their_own_mode()
    {
        const string Texts = """{"model":"tiny-embed","input":["one","two"]}""";
        (int status, JsonElement body) = await Daemon.PostAsync("engines/v1/embeddings", Texts);

        Assert.Equal(200, status);
        Assert.Equal(2, body.GetProperty("data").GetArrayLength());
        JsonElement runner = Assert.Single(
            await Daemon.RunnersAsync(),
            static item => item.GetProperty("model_name").GetString() == "tiny-embed:latest");
        Assert.Equal("embedding", runner.GetProperty("mode").GetString());
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_cannot_be_done_gets_one_sentence_in_the_shape_of_OpenAI(
        string path, string json, int status, string? code, string part)
    {
        using HttpResponseMessage response = await Daemon.SendAsync(path, json, HttpCompletionOption.ResponseContentRead, Cancellation);
        string text = await response.Content.ReadAsStringAsync(Cancellation);
        using JsonDocument document = JsonDocument.Parse(text);
        JsonElement error = document.RootElement.GetProperty("error");

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Contains(part, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.True(error.TryGetProperty("param", out _));
        Assert.DoesNotContain(shared.FolderPath, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_method_is_told_the_right_ones()
    {
        using HttpResponseMessage response = await Daemon.Client.DeleteAsync(new Uri("engines/ps", UriKind.Relative), Cancellation);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal("GET, HEAD", string.Join(", ", response.Content.Headers.Allow));
    }

    [Fact]
    public async Task A_body_above_32_MiB_is_refused_whether_its_length_is_told_or_not()
    {
        byte[] body = new byte[32 * 1024 * 1024 + 1];
        foreach (bool isChunked in (bool[])[false, true])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = new ByteArrayContent(body) };
            request.Headers.TransferEncodingChunked = isChunked;
            request.Headers.ExpectContinue = !isChunked;
            using HttpResponseMessage response = await Daemon.Client.SendAsync(request, Cancellation);

            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
            Assert.Contains("request_too_large", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_body_of_32_MiB_reaches_the_runner_whole()
    {
        string padding = new(' ', (32 * 1024 * 1024) - Encoding.UTF8.GetByteCount(Chat));

        Assert.Equal(200, (await Daemon.PostAsync("v1/chat/completions", Chat + padding)).Status);
    }

    [Fact]
    public async Task A_compressed_body_is_refused_unread()
    {
        using var content = new ByteArrayContent([0x1f, 0x8b]);
        content.Headers.ContentEncoding.Add("gzip");
        var route = new Uri("v1/completions", UriKind.Relative);
        using HttpResponseMessage response = await Daemon.Client.PostAsync(route, content, Cancellation);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
    }

    [Fact]
    public async Task The_daemon_says_that_it_runs_and_which_one_it_is()
    {
        string greeting = await Daemon.Client.GetStringAsync(new Uri("", UriKind.Relative), Cancellation);

        Assert.StartsWith("model-runner is running\n", greeting, StringComparison.Ordinal);
        Assert.NotEmpty((await Daemon.GetAsync("version")).GetProperty("version").GetString()!);
        Assert.Equal("ok", (await Daemon.GetAsync("health")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Models_are_listed_in_both_shapes_and_shown_by_any_spelling()
    {
        JsonElement openAi = await Daemon.GetAsync("v1/models");
        JsonElement docker = await Daemon.GetAsync("models");
        JsonElement one = await Daemon.GetAsync("engines/v1/models/tiny-chat");

        Assert.Equal(
            ["tiny-chat:latest", "tiny-embed:latest"],
            openAi.GetProperty("data").EnumerateArray().Select(static model => model.GetProperty("id").GetString()));
        Assert.Equal("Q8_0", docker[0].GetProperty("config").GetProperty("quantization").GetString());
        Assert.Equal("tiny-chat:latest", Assert.Single(docker[0].GetProperty("tags").EnumerateArray()).GetString());
        Assert.Equal("tiny-chat:latest", one.GetProperty("id").GetString());
    }

    [Fact]
    public async Task The_status_names_the_engine()
    {
        await Daemon.PostAsync("v1/chat/completions", Chat);

        string? status = (await Daemon.GetAsync("engines/status")).GetProperty("llama.cpp").GetString();
        Assert.StartsWith("Running: llama-server", status, StringComparison.Ordinal);
    }
}
