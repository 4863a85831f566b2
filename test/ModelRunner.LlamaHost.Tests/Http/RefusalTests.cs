using System.Net;
using System.Text.Json;
using ModelRunner.LlamaHost.Tests.Processes;

namespace ModelRunner.LlamaHost.Tests.Http;

public sealed class RefusalTests(ChatHostFixture fixture) : IClassFixture<ChatHostFixture>
{
    private readonly HostProcess _host = fixture.Host;

    [Theory]
    [InlineData("\"tools\":[{\"type\":\"function\"}]")]
    [InlineData("\"response_format\":{\"type\":\"json_object\"}")]
    [InlineData("\"logprobs\":true")]
    [InlineData("\"grammar\":\"root ::= [a]\"")]
    [InlineData("\"lora\":[{\"id\":0,\"scale\":1}]")]
    public async Task What_only_llama_server_does_is_refused_by_name(string member)
    {
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync(
            "/v1/chat/completions", HostClient.Chat("hi", "," + member));

        Assert.Equal(HttpStatusCode.NotImplemented, status);
        Assert.Contains("llama-server", error.GetProperty("message").GetString());
        Assert.Equal("not_supported_error", error.GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("\"tools\":[]")]
    [InlineData("\"response_format\":{\"type\":\"text\"}")]
    [InlineData("\"logprobs\":false")]
    [InlineData("\"stop\":null")]
    [InlineData("\"n\":1")]
    public async Task Asking_for_nothing_is_no_reason_to_refuse(string member)
    {
        JsonElement reply = await _host.AskAsync("/v1/chat/completions", HostClient.Chat("hi", ",\"max_tokens\":1," + member));

        Assert.Equal(1, reply.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task Pictures_are_refused()
    {
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync("/v1/chat/completions", """
            {"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:,"}}]}]}
            """);

        Assert.Equal(HttpStatusCode.NotImplemented, status);
        Assert.Contains("image_url", error.GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("{", "line 1, byte 2")]
    [InlineData("[]", "JSON object")]
    [InlineData("{}", "\"messages\" must be provided")]
    [InlineData("{\"messages\":[]}", "must not be empty")]
    [InlineData("{\"messages\":[{\"content\":\"hi\"}]}", "no \"role\"")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"temperature\":\"hot\"}", "\"hot\"")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"n\":3}", "\"n\" must be 1")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"max_tokens\":0}", "at least 1")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"\\ud800\"}]}", "surrogate")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"logit_bias\":{\"768\":1}}", "768")]
    public async Task A_wrong_request_is_told_what_is_wrong(string body, string part)
    {
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync("/v1/chat/completions", body);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(part, error.GetProperty("message").GetString());
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("/v1/rerank", HttpStatusCode.NotImplemented)]
    [InlineData("/tokenize", HttpStatusCode.NotImplemented)]
    [InlineData("/v1/embeddings", HttpStatusCode.NotImplemented)]
    [InlineData("/nothing", HttpStatusCode.NotFound)]
    [InlineData("/health", HttpStatusCode.MethodNotAllowed)]
    public async Task Routes_that_are_not_served_say_so(string path, HttpStatusCode expected)
    {
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync(path, "{\"input\":\"hi\"}");

        Assert.Equal(expected, status);
        Assert.Equal((int)expected, error.GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task What_is_served_is_told()
    {
        JsonElement props = JsonDocument.Parse(await _host.Client.GetStringAsync(new Uri("/props", UriKind.Relative))).RootElement;
        JsonElement models = JsonDocument.Parse(await _host.Client.GetStringAsync(new Uri("/v1/models", UriKind.Relative))).RootElement;

        Assert.Equal(4, props.GetProperty("total_slots").GetInt32());
        Assert.Equal(1024, props.GetProperty("default_generation_settings").GetProperty("n_ctx").GetInt32());
        Assert.Equal(HostProcess.ChatModel, props.GetProperty("model_path").GetString());
        Assert.StartsWith("llama-host-", props.GetProperty("build_info").GetString(), StringComparison.Ordinal);
        Assert.Equal("tiny-chat", models.GetProperty("data")[0].GetProperty("id").GetString());
    }
}
