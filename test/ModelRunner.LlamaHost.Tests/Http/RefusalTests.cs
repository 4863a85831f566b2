using System.Net;
using System.Text.Json;
using ModelRunner.LlamaHost.Tests.Processes;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Http;

public sealed class RefusalTests(ChatHostFixture fixture) : IClassFixture<ChatHostFixture>
{
    private readonly HostProcess _host = fixture.Host;

    // What llama-server obeys and llama-host cannot. Nothing of it may be taken and ignored.
    [Theory]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}]")]
    [InlineData("\"functions\":[{\"name\":\"f\"}]")]
    [InlineData("\"lora\":[{\"id\":0,\"scale\":1}]")]
    [InlineData("\"post_sampling_probs\":true")]
    [InlineData("\"backend_sampling\":true")]
    [InlineData("\"return_tokens\":true")]
    [InlineData("\"return_progress\":true")]
    [InlineData("\"timings_per_token\":true")]
    [InlineData("\"verbose\":true")]
    [InlineData("\"response_fields\":[\"content\"]")]
    [InlineData("\"n_indent\":2")]
    [InlineData("\"n_keep\":5")]
    [InlineData("\"n_discard\":5")]
    [InlineData("\"n_cache_reuse\":5")]
    [InlineData("\"n_cmpl\":2")]
    [InlineData("\"best_of\":2")]
    [InlineData("\"id_slot\":1")]
    [InlineData("\"t_max_predict_ms\":100")]
    [InlineData("\"speculative.n_max\":4")]
    [InlineData("\"suffix\":\"x\"")]
    [InlineData("\"echo\":true")]
    [InlineData("\"reasoning_format\":\"deepseek\"")]
    [InlineData("\"reasoning_effort\":\"high\"")]
    [InlineData("\"chat_template_kwargs\":{\"enable_thinking\":false}")]
    [InlineData("\"continue_final_message\":true")]
    [InlineData("\"function_call\":\"auto\"")]
    [InlineData("\"modalities\":[\"text\",\"audio\"]")]
    [InlineData("\"grammar_lazy\":true")]
    public async Task What_only_llama_server_does_is_refused_by_name(string member)
    {
        using HttpResponseMessage response = await _host.PostAsync("/v1/chat/completions", HostClient.Chat("hi", "," + member));
        JsonElement error = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error");

        // 501 would make SDKs send the request again and again.
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("false", Assert.Single(response.Headers.GetValues("x-should-retry")));
        Assert.Contains("llama-server", error.GetProperty("message").GetString());
        Assert.StartsWith(member.Split(':')[0], error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("not_supported_error", error.GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("/v1/messages")]
    [InlineData("/v1/messages/count_tokens")]
    public async Task Clients_of_Anthropic_get_errors_in_their_shape(string path)
    {
        using HttpResponseMessage response = await _host.PostAsync(path, HostClient.Chat("hi"));
        JsonElement body = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement;

        Assert.Equal((HttpStatusCode.BadRequest, "error"), (response.StatusCode, body.GetProperty("type").GetString()));
        Assert.Equal("invalid_request_error", body.GetProperty("error").GetProperty("type").GetString());
        Assert.Contains("llama-server", body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("false", Assert.Single(response.Headers.GetValues("x-should-retry")));
        Assert.False(body.GetProperty("error").TryGetProperty("code", out _));
    }

    [Fact]
    public async Task JSON_that_is_nested_too_deep_is_told_so_and_what_the_daemon_lets_pass_is_read()
    {
        string Nested(int levels) => HostClient.Chat("hi", $",\"max_tokens\":1,\"metadata\":{new string('[', levels)}{new string(']', levels)}");

        await _host.AskAsync("/v1/chat/completions", Nested(255));
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync("/v1/chat/completions", Nested(256));
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("the body's JSON is nested deeper than 256 levels; send a flatter one", error.GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("tools\":[]", false)]
    [InlineData("stream\":true", true)]
    public async Task A_text_that_cannot_fit_is_refused_before_tokens_are_made_of_it(string member, bool isEscaped)
    {
        string text = string.Concat(Enumerable.Repeat(isEscaped ? "hello\\n" : "hello ", 2_000_000));
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync("/v1/chat/completions", HostClient.Chat(text, $",\"{member}"));

        Assert.Equal((HttpStatusCode.BadRequest, "exceed_context_size_error"), (status, error.GetProperty("type").GetString()));
        Assert.StartsWith("request (at least ", error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.InRange(error.GetProperty("n_prompt_tokens").GetInt32(), error.GetProperty("n_ctx").GetInt32() + 1, 12_000_000);
    }

    [Theory]
    [InlineData("\"tools\":[]")]
    [InlineData("\"response_format\":{\"type\":\"text\"}")]
    [InlineData("\"logprobs\":false")]
    [InlineData("\"stop\":null")]
    [InlineData("\"n\":1")]
    [InlineData("\"best_of\":1")]
    [InlineData("\"id_slot\":-1")]
    [InlineData("\"n_keep\":0")]
    [InlineData("\"grammar\":\"\"")]
    [InlineData("\"modalities\":[\"text\"]")]
    [InlineData("\"chat_template_kwargs\":{}")]
    [InlineData("\"user\":\"me\"")]
    [InlineData("\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"tool_choice\":\"none\"")]
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

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("image_url", error.GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("{", "line 1, byte 2")]
    [InlineData("[]", "JSON object")]
    [InlineData("{}", "\"messages\" must be provided")]
    [InlineData("{\"messages\":[]}", "must not be empty")]
    [InlineData("{\"messages\":[{\"content\":\"hi\"}]}", "no \"role\"")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"temperature\":\"hot\"}", "\"hot\"")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"n\":0}", "from 1 to 128, not 0")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"max_tokens\":0}", "at least 1")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"\\ud800\"}]}", "surrogate")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"tool_choice\":\"required\"}", "no \"tools\"")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"typical_p\":2}", "from 0 to 1, not 2")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"dry_multiplier\":-1}", "from 0 to 1000")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"mirostat\":3}", "from 0 to 2")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"samplers\":[\"best\"]}", "penalties")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"dry_sequence_breakers\":[\"\\u0000\"]}", "zero character")]
    [InlineData("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"logit_bias\":{\"768\":1}}", "768")]
    public async Task A_wrong_request_is_told_what_is_wrong(string body, string part)
    {
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync("/v1/chat/completions", body);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(part, error.GetProperty("message").GetString());
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("/v1/rerank", HttpStatusCode.BadRequest)]
    [InlineData("/infill", HttpStatusCode.BadRequest)]
    [InlineData("/v1/responses", HttpStatusCode.BadRequest)]
    [InlineData("/v1/embeddings", HttpStatusCode.BadRequest)]
    [InlineData("/nothing", HttpStatusCode.NotFound)]
    [InlineData("/health", HttpStatusCode.MethodNotAllowed)]
    public async Task Routes_that_are_not_served_say_so(string path, HttpStatusCode expected)
    {
        using HttpResponseMessage response = await _host.PostAsync(path, "{\"input\":\"hi\"}");
        JsonElement error = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.GetProperty("error");

        Assert.Equal(expected, response.StatusCode);
        Assert.Equal("false", Assert.Single(response.Headers.GetValues("x-should-retry")));
        Assert.Equal((int)expected, error.GetProperty("code").GetInt32());
        Assert.True(error.GetProperty("message").GetString()!.Length > 10);
    }

    [Fact]
    public async Task A_request_that_only_loads_the_model_gets_an_empty_answer()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/chat/completions", UriKind.Relative));
        request.Headers.Add("X-Preload-Only", "true");

        using HttpResponseMessage response = await _host.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_byte_order_mark_before_the_body_is_skipped()
    {
        JsonElement reply = await _host.AskAsync("/v1/chat/completions", "\uFEFF" + HostClient.Chat("hi", ",\"max_tokens\":1"));

        Assert.Equal(1, reply.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
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
