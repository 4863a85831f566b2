using System.Net;
using System.Text.Json;
using ModelRunner.LlamaHost.Tests.Processes;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Http;

public sealed class ProbabilityTests(ChatHostFixture fixture) : IClassFixture<ChatHostFixture>
{
    private const string Chat = "/v1/chat/completions";
    private const string Text = "/v1/completions";

    private readonly HostProcess _host = fixture.Host;

    [Fact]
    public async Task They_are_those_of_llama_server()
    {
        await using HostProcess theirs = await HostProcess.StartAsync(
            RealLlamaServer.Require(), ["-m", HostProcess.ChatModel, "-t", "1", "--no-ui"]);

        foreach ((string path, string body) in ((string, string)[])
        [
            (Chat, HostClient.Chat("What is 3 plus 4?", ",\"logprobs\":true,\"top_logprobs\":3,\"max_tokens\":6")),
            (Text, """{"prompt":"Once upon","temperature":0,"max_tokens":6,"logprobs":2}"""),
            (Text, """{"prompt":"Once upon","temperature":0,"max_tokens":6,"n_probs":4,"logit_bias":[[" a",-100]]}"""),
        ])
        {
            JsonElement[] ours = Tokens(await _host.AskAsync(path, body));
            JsonElement[] other = Tokens(await theirs.AskAsync(path, body));
            Assert.Equal(other.Select(token => token.GetProperty("id").GetInt32()), ours.Select(token => token.GetProperty("id").GetInt32()));
            foreach ((JsonElement token, JsonElement expected) in ours.Zip(other))
            {
                Assert.Equal(expected.GetProperty("bytes").GetRawText(), token.GetProperty("bytes").GetRawText());
                Assert.Equal(expected.GetProperty("logprob").GetDouble(), token.GetProperty("logprob").GetDouble(), 0.05);
                Assert.Equal(
                    expected.GetProperty("top_logprobs").EnumerateArray().Select(top => top.GetProperty("id").GetInt32()),
                    token.GetProperty("top_logprobs").EnumerateArray().Select(top => top.GetProperty("id").GetInt32()));
            }
        }
    }

    [Fact]
    public async Task Their_tokens_are_the_text()
    {
        JsonElement reply = await _host.AskAsync(Chat, HostClient.Chat("What is the capital of Norway?", ",\"logprobs\":true"));

        JsonElement[] tokens = Tokens(reply);
        Assert.Equal("The capital of Norway is Oslo.", string.Concat(tokens.Select(token => token.GetProperty("token").GetString())));
        Assert.All(tokens, token => Assert.InRange(token.GetProperty("logprob").GetDouble(), -20, 0));
        Assert.All(tokens, token => Assert.Equal(0, token.GetProperty("top_logprobs").GetArrayLength()));
    }

    [Fact]
    public async Task A_stream_tells_each_token_once()
    {
        const string Body = """{"prompt":"Once upon","temperature":0,"max_tokens":12,"logprobs":1,"stop":"zzz","stream":true}""";

        IReadOnlyList<string> events = await _host.StreamAsync(Text, Body);

        JsonElement[] choices = [.. events.SkipLast(1).Select(data => JsonDocument.Parse(data).RootElement.GetProperty("choices")[0])];
        string text = string.Concat(choices.Select(choice => choice.GetProperty("text").GetString()));
        JsonElement[] tokens =
        [
            .. choices.Select(choice => choice.GetProperty("logprobs")).Where(own => own.ValueKind == JsonValueKind.Object)
                .SelectMany(own => own.GetProperty("content").EnumerateArray()),
        ];
        Assert.Equal(12, tokens.Length);
        Assert.Equal(text, string.Concat(tokens.Select(token => token.GetProperty("token").GetString())));
    }

    [Theory]
    [InlineData("\"top_logprobs\":2", "needs \"logprobs\"")]
    [InlineData("\"logprobs\":true,\"top_logprobs\":101", "from 0 to 100")]
    [InlineData("\"logprobs\":\"yes\"", "\"yes\"")]
    public async Task A_wrong_number_is_refused(string member, string part)
    {
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync(Chat, HostClient.Chat("hi", "," + member));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(part, error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Nobody_gets_them_unasked()
    {
        JsonElement chat = (await _host.AskAsync(Chat, HostClient.Chat("hi", ",\"logprobs\":false"))).GetProperty("choices")[0];
        JsonElement text = (await _host.AskAsync(Text, """{"prompt":"a","max_tokens":1,"n_probs":0}""")).GetProperty("choices")[0];

        Assert.False(chat.TryGetProperty("logprobs", out _));
        Assert.Equal(JsonValueKind.Null, text.GetProperty("logprobs").ValueKind);
    }

    private static JsonElement[] Tokens(JsonElement reply) =>
        [.. reply.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("content").EnumerateArray()];
}
