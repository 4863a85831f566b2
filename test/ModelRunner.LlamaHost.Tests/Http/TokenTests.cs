using System.Net;
using System.Text.Json;
using ModelRunner.LlamaHost.Tests.Processes;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Http;

public sealed class TokenTests(ChatHostFixture fixture) : IClassFixture<ChatHostFixture>
{
    private readonly HostProcess _host = fixture.Host;

    [Fact]
    public async Task The_answers_are_those_of_llama_server()
    {
        await using HostProcess theirs = await HostProcess.StartAsync(
            RealLlamaServer.Require(), ["-m", HostProcess.ChatModel, "-t", "1", "--no-ui"]);

        foreach ((string path, string body) in ((string, string)[])
        [
            ("/tokenize", """{"content":"The fox <|im_start|> żółć 🦊"}"""), ("/tokenize", """{"content":"a","add_special":true}"""),
            ("/tokenize", """{"content":"<|im_start|>","parse_special":false}"""), ("/tokenize", """{"content":"hé 🦊","with_pieces":true}"""),
            ("/tokenize", """{"content":["a",5,"b"],"add_special":true}"""), ("/tokenize", "{}"), ("/tokenize", """{"content":""}"""),
            ("/detokenize", """{"tokens":[97,0,98,5,1]}"""), ("/detokenize", "{}"), ("/detokenize", """{"tokens":[]}"""),
            ("/apply-template", """{"messages":[{"role":"system","content":"a"},{"role":"user","content":"x"}]}"""),
        ])
        {
            JsonElement ours = await _host.AskAsync(path, body);
            Assert.True(JsonElement.DeepEquals(await theirs.AskAsync(path, body), ours), $"{path} {body}: {ours}");
        }
    }

    [Fact]
    public async Task A_text_comes_back()
    {
        JsonElement tokens = (await _host.AskAsync("/tokenize", """{"content":"żółć 🦊\n"}""")).GetProperty("tokens");
        JsonElement text = await _host.AskAsync("/detokenize", $$"""{"tokens":{{tokens.GetRawText()}}}""");

        Assert.Equal("żółć 🦊\n", text.GetProperty("content").GetString());
    }

    [Theory]
    [InlineData("/tokenize", "{\"content\":5}", "a string")]
    [InlineData("/tokenize", "{\"content\":[768]}", "from 0 to 767")]
    [InlineData("/detokenize", "{\"tokens\":[-1]}", "from 0 to 767")]
    [InlineData("/detokenize", "{\"tokens\":\"a\"}", "a list of tokens")]
    [InlineData("/apply-template", "{}", "\"messages\" must be provided")]
    public async Task A_wrong_request_is_told_what_is_wrong(string path, string body, string part)
    {
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync(path, body);

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(part, error.GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("FFFFFFFFFFFFFFFFF")]
    [InlineData("FFFFFFFF")]
    [InlineData("zz")]
    public async Task A_chunk_size_that_is_no_integer_is_a_bad_request(string size)
    {
        string answer = await RawHttp.SendAsync(
            _host.SocketPath,
            $"POST /tokenize HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{size}\r\n{{}}\r\n0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
    }
}
