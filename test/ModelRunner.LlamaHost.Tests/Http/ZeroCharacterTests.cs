using System.Net;
using System.Text.Json;
using ModelRunner.LlamaHost.Tests.Processes;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Http;

/// <summary>A zero character ends a text for C code. Wherever text goes there, it must arrive whole or be refused.</summary>
public sealed class ZeroCharacterTests(ChatHostFixture fixture) : IClassFixture<ChatHostFixture>
{
    private const string Chat = """{"temperature":0,"messages":[{"role":"user","content":"abc\u0000What is the capital of Norway?"}]}""";

    private readonly HostProcess _host = fixture.Host;

    [Fact]
    public async Task The_template_keeps_what_stands_behind_it()
    {
        JsonElement prompt = await _host.AskAsync("/apply-template", """
            {"messages":[{"role":"system","content":"a\u0000b\uE000c"},{"role":"user","content":"\u0000"},{"role":"user","content":"x\u0000\u0000"}]}
            """);

        Assert.Equal(
            "<|im_start|>system\na\0b\uE000c<|im_end|>\n<|im_start|>user\n\0<|im_end|>\n<|im_start|>user\nx\0\0<|im_end|>\n<|im_start|>assistant\n",
            prompt.GetProperty("prompt").GetString());
    }

    [Fact]
    public async Task A_message_is_read_to_its_end()
    {
        JsonElement reply = await _host.AskAsync("/v1/chat/completions", Chat);

        Assert.Contains("Oslo", reply.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Fact]
    public async Task A_message_has_the_tokens_that_llama_server_gives_it()
    {
        await using HostProcess theirs = await HostProcess.StartAsync(
            RealLlamaServer.Require(), ["-m", HostProcess.ChatModel, "-t", "1", "--no-ui"]);

        JsonElement ours = await _host.AskAsync("/v1/chat/completions", Chat);
        JsonElement other = await theirs.AskAsync("/v1/chat/completions", Chat);

        Assert.Equal(
            other.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(), ours.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task A_text_becomes_tokens_to_its_end_and_back()
    {
        JsonElement tokens = (await _host.AskAsync("/tokenize", """{"content":"a\u0000b"}""")).GetProperty("tokens");
        JsonElement text = await _host.AskAsync("/detokenize", $$"""{"tokens":{{tokens.GetRawText()}}}""");

        Assert.Equal("a\0b", text.GetProperty("content").GetString());
    }

    [Fact]
    public async Task A_stop_text_with_it_is_another_than_its_beginning()
    {
        JsonElement reply = await _host.AskAsync("/v1/chat/completions", HostClient.Chat("What is 3 plus 4?", ",\"stop\":\"p\\u0000x\""));

        Assert.Equal("3 plus 4 is 7.", reply.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Theory]
    [InlineData(",\"grammar\":\"root ::= \\\"a\\u0000b\\\"\"")]
    [InlineData(",\"dry_sequence_breakers\":[\"a\\u0000\"]")]
    public async Task Where_it_cannot_arrive_it_is_refused(string member)
    {
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync("/v1/chat/completions", HostClient.Chat("hi", member));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("zero character", error.GetProperty("message").GetString());
    }
}
