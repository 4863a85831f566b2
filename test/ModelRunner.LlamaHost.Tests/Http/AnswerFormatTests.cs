using System.Net;
using System.Text.Json;
using CsCheck;
using ModelRunner.LlamaHost.Tests.Grammars;
using ModelRunner.LlamaHost.Tests.Processes;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Http;

public sealed class AnswerFormatTests(ChatHostFixture fixture) : IClassFixture<ChatHostFixture>
{
    private const string Path = "/v1/chat/completions";
    private const string City = """
        {"type":"object","properties":{"city":{"type":"string","maxLength":20},"people":{"type":"integer","minimum":1,"maximum":99}},
        "required":["city","people"],"additionalProperties":false}
        """;

    private readonly HostProcess _host = fixture.Host;

    [Fact]
    public async Task A_schema_gives_an_answer_that_is_valid_by_it()
    {
        foreach (string member in (string[])
        [
            ""","response_format":{"type":"json_schema","json_schema":{"name":"city","strict":true,"schema":""" + City + "}}",
            ""","response_format":{"type":"json_schema","schema":""" + City + "}",
            ""","response_format":{"type":"json_object","schema":""" + City + "}",
            ",\"json_schema\":" + City,
        ])
        {
            JsonElement choice = await ChoiceAsync(HostClient.Chat("What is the capital of Norway?", ",\"max_tokens\":200" + member));

            JsonElement city = JsonDocument.Parse(choice.GetProperty("message").GetProperty("content").GetString()!).RootElement;
            Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
            Assert.InRange(city.GetProperty("people").GetInt32(), 1, 99);
            Assert.Equal(2, city.EnumerateObject().Count());
        }
    }

    [Fact]
    public async Task A_json_object_begins_as_one()
    {
        JsonElement choice = await ChoiceAsync(HostClient.Chat("hi", ""","max_tokens":30,"response_format":{"type":"json_object"}"""));

        Assert.StartsWith("{", choice.GetProperty("message").GetProperty("content").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_grammar_is_followed_in_a_stream_too()
    {
        IReadOnlyList<string> events = await _host.StreamAsync(
            "/v1/completions", """{"prompt":"The sky is","grammar":"root ::= \" green\" [.!]{3}","stream":true,"temperature":0}""");

        string text = string.Concat(events.SkipLast(1).Select(data =>
            JsonDocument.Parse(data).RootElement.GetProperty("choices")[0].GetProperty("text").GetString()));
        Assert.Matches("^ green[.!]{3}$", text);
    }

    [Fact]
    public async Task Several_answers_each_follow_the_grammar()
    {
        JsonElement reply = await _host.AskAsync(
            "/v1/completions", """{"prompt":["a","b"],"n":3,"grammar":"root ::= \"yes\" | \"no\"","temperature":2}""");

        Assert.Equal(6, reply.GetProperty("choices").GetArrayLength());
        Assert.All(reply.GetProperty("choices").EnumerateArray(), choice => Assert.Matches("^(yes|no)$", choice.GetProperty("text").GetString()));
    }

    [Fact]
    public async Task A_grammar_that_the_model_cannot_write_is_the_requests_fault()
    {
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync(
            "/v1/completions", """{"prompt":"a","grammar":"root ::= \"\\x00\""}""");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("grammar", error.GetProperty("message").GetString());
        await _host.AskAsync("/v1/completions", """{"prompt":"a","max_tokens":1}""");
    }

    /// <summary>
    /// Whatever the schema: an answer that ended by itself parses and is valid. The model is small and the temperature high, so that all
    /// corners of the grammars are visited.
    /// </summary>
    [Fact]
    public void Every_answer_to_a_random_schema_is_valid()
    {
        int ended = 0;
        int all = 0;
        SchemaGen.Schemas.Sample(
            schema =>
            {
                string body = $$"""{"prompt":"x","temperature":5,"top_k":0,"top_p":1,"min_p":0,"max_tokens":900,"json_schema":{{schema}}}""";
                JsonElement reply = _host.AskAsync("/v1/completions", body).GetAwaiter().GetResult();
                JsonElement choice = reply.GetProperty("choices")[0];
                Interlocked.Increment(ref all);
                if (choice.GetProperty("finish_reason").GetString() != "stop")
                    return;
                string text = choice.GetProperty("text").GetString()!;

                // At this temperature come bytes that are no text; they are replaced one by one, which changes the length.
                if (text.Contains('\uFFFD', StringComparison.Ordinal))
                    return;
                Interlocked.Increment(ref ended);
                JsonElement root = JsonDocument.Parse(schema).RootElement;
                Assert.True(SchemaValidator.IsValid(JsonDocument.Parse(text).RootElement, root, root), $"{text} is not valid by {schema}");
            },
            iter: 200, threads: 4);

        Assert.True(ended > all / 2, $"{ended} of {all}");
    }

    [Theory]
    [InlineData("""{"type":"string","pattern":"a+"}""", "\"pattern\"")]
    [InlineData("""{"not":{"type":"string"}}""", "\"not\"")]
    [InlineData("""{"type":"array","items":{"type":"object","properties":{"a":{"type":"number","multipleOf":0.1}}}}""", "\"multipleOf\"")]
    [InlineData("""{"type":"array","uniqueItems":true}""", "\"uniqueItems\"")]
    [InlineData("""{"type":"object","patternProperties":{"^a":{}}}""", "\"patternProperties\"")]
    [InlineData("""{"oneOf":[{"type":"integer"},{"type":"number"}]}""", "\"oneOf\"")]
    [InlineData("""{"allOf":[{"type":"object"},{"type":"object"}]}""", "\"allOf\"")]
    [InlineData("""{"$ref":"#/$defs/none"}""", "points to nothing")]
    [InlineData("""{"$ref":"https://example.org/schema"}""", "another document")]
    [InlineData("""{"$defs":{"a":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}""", "leads back to itself")]
    [InlineData("""{"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}]}},"$ref":"#/$defs/a"}""", "no rule begins with itself")]
    [InlineData("""{"$ref":"#/$defs/a","minLength":3,"$defs":{"a":{"type":"string"}}}""", "\"minLength\" beside \"$ref\"")]
    [InlineData("""{"type":"string","format":"iri"}""", "\"iri\"")]
    [InlineData("""{"type":"integer","minimum":5,"maximum":4}""", "no number")]
    [InlineData("""{"type":"number","minimum":0.5}""", "whole number")]
    [InlineData("""{"type":"string","minLength":5,"maxLength":4}""", "\"maxLength\"")]
    [InlineData("""{"type":"array","minItems":3,"maxItems":2}""", "\"maxItems\"")]
    [InlineData("""{"type":"text"}""", "\"type\"")]
    [InlineData("""{"enum":[]}""", "\"enum\"")]
    [InlineData("""{"type":"object","required":["a"],"additionalProperties":false}""", "requires the property \"a\"")]
    [InlineData("""{"properties":{"a":false}}""", "false")]
    [InlineData("""{"enum":["\ud800"]}""", "surrogate")]
    [InlineData("""{"properties":{"\ud800":{}}}""", "surrogate")]
    [InlineData("5", "object or true")]
    public async Task A_schema_that_cannot_be_held_to_is_refused_by_its_keyword(string schema, string part)
    {
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync(
            Path, HostClient.Chat("hi", $$""","response_format":{"type":"json_schema","json_schema":{"schema":{{schema}} } }"""));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(part, error.GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("\"response_format\":{\"type\":\"xml\"}", "json_object")]
    [InlineData("\"response_format\":\"json\"", "\"type\"")]
    [InlineData("\"response_format\":{\"type\":\"json_schema\"}", "\"schema\"")]
    [InlineData("\"grammar\":\"root ::= [a\"", "cannot be read")]
    [InlineData("\"grammar\":\"root ::= other\"", "llama.cpp cannot read")]
    [InlineData("\"grammar\":\"root ::= root \\\"a\\\" | \\\"b\\\"\"", "llama.cpp cannot read")]
    [InlineData("\"grammar\":\"root ::= \\\"a\\\"\",\"json_schema\":{}", "cannot be used together")]
    public async Task A_wrong_form_is_refused(string member, string part)
    {
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync(Path, HostClient.Chat("hi", "," + member));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(part, error.GetProperty("message").GetString());
    }

    // A grammar reads the name of a special token as text. An answer without the name would be shorter than its schema allows.
    [Fact]
    public async Task Special_tokens_are_a_part_of_an_answer_with_a_grammar()
    {
        JsonElement reply = await _host.AskAsync(
            "/v1/completions", """{"prompt":"a","grammar":"root ::= \"<|im_start|>\"","logit_bias":[["<|im_start|>",100]]}""");

        Assert.Equal("<|im_start|>", reply.GetProperty("choices")[0].GetProperty("text").GetString());
        Assert.Equal(2, reply.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task A_large_schema_is_followed_in_time()
    {
        string properties = string.Join(',', Enumerable.Range(0, 800).Select(i => $$"""{{"\"p"}}{{i}}":{"type":["integer","null"]}"""));
        string schema = "{\"type\":\"object\",\"properties\":{" + properties + "}}";

        JsonElement reply = await _host.AskAsync("/v1/completions", $$"""{"prompt":"a","max_tokens":50,"json_schema":{{schema}} }""");
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync(
            "/v1/completions", $$"""{"prompt":"a","max_tokens":50,"n":128,"json_schema":{{schema}} }""");

        Assert.StartsWith("{", reply.GetProperty("choices")[0].GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("ask for fewer", error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_schema_without_end_is_refused_in_time()
    {
        string wide = string.Join(',', Enumerable.Range(0, 6000).Select(i => $$"""{"type":"integer","minimum":{{i}}}"""));
        string costly = string.Join(',', Enumerable.Range(0, 40).Select(i => $$"""{"type":"string","maxLength":{{900 + i}}}"""));
        string many = $$"""{"enum":[{{string.Join(',', Enumerable.Range(0, 2000))}}]}""";
        string others = many.Replace("[0,", "[-1,", StringComparison.Ordinal);
        string some = $$"""{"oneOf":[{"enum":[{{string.Join(',', Enumerable.Range(0, 600))}}]},{"enum":[{{string.Join(',', Enumerable.Range(600, 600))}}]}]}""";
        foreach (string schema in (string[])
        [
            $$"""{"anyOf":[{{wide}}]}""", $$"""{"type":"array","prefixItems":[{{costly}}]}""", $$"""{"oneOf":[{{many}},{{others}}]}""",
            $$"""{"type":"object","properties":{"a":{{some}},"b":{{some}},"c":{{some}} } }""",
        ])
        {
            (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync(Path, HostClient.Chat("hi", ",\"json_schema\":" + schema));

            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains("too large", error.GetProperty("message").GetString());
        }
    }

    private async Task<JsonElement> ChoiceAsync(string body) => (await _host.AskAsync(Path, body)).GetProperty("choices")[0];
}
