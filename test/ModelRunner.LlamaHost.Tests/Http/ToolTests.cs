using System.Net;
using System.Text.Json;
using ModelRunner.LlamaHost.Tests.Processes;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Http;

/// <summary>Calls of tools. The small model knows none, so its calls come from the grammar of those that must be made.</summary>
public sealed class ToolTests(ToolHostFixture fixture) : IClassFixture<ToolHostFixture>
{
    private const string Path = "/v1/chat/completions";
    private const string Tools = """
        ,"tools":[{"type":"function","function":{"name":"get_weather","description":"Tells the weather",
        "parameters":{"type":"object","properties":{"city":{"enum":["Oslo","Rome"]},"days":{"type":"integer","minimum":1,"maximum":9}},
        "required":["city","days"]}}},{"type":"function","function":{"name":"wait"}}]
        """;

    private readonly HostProcess _host = fixture.Host;

    [Fact]
    public async Task A_tool_that_must_be_called_is_called_with_valid_arguments()
    {
        JsonElement reply = await _host.AskAsync(Path, HostClient.Chat(
            "What is the weather?", Tools + ""","tool_choice":{"type":"function","function":{"name":"get_weather"}},"parallel_tool_calls":false"""));

        JsonElement choice = reply.GetProperty("choices")[0];
        Assert.Equal("tool_calls", choice.GetProperty("finish_reason").GetString());
        Assert.Equal(JsonValueKind.Null, choice.GetProperty("message").GetProperty("content").ValueKind);
        JsonElement call = Assert.Single(choice.GetProperty("message").GetProperty("tool_calls").EnumerateArray());
        Assert.Equal("function", call.GetProperty("type").GetString());
        Assert.NotEmpty(call.GetProperty("id").GetString()!);
        Assert.Equal("get_weather", call.GetProperty("function").GetProperty("name").GetString());
        JsonElement arguments = JsonDocument.Parse(call.GetProperty("function").GetProperty("arguments").GetString()!).RootElement;
        Assert.Contains(arguments.GetProperty("city").GetString(), (string[])["Oslo", "Rome"]);
        Assert.InRange(arguments.GetProperty("days").GetInt32(), 1, 9);
    }

    [Fact]
    public async Task A_stream_has_the_call_in_one_piece()
    {
        IReadOnlyList<string> events = await _host.StreamAsync(Path, HostClient.Chat(
            "What is the weather?", Tools + ""","stream":true,"tool_choice":{"type":"function","function":{"name":"get_weather"}},"parallel_tool_calls":false"""));

        JsonElement[] choices = [.. events.SkipLast(1).Select(data => JsonDocument.Parse(data).RootElement.GetProperty("choices")[0])];
        JsonElement call = Assert.Single(choices, choice => choice.GetProperty("delta").TryGetProperty("tool_calls", out _))
            .GetProperty("delta").GetProperty("tool_calls")[0];
        Assert.Equal(0, call.GetProperty("index").GetInt32());
        Assert.Contains("city", call.GetProperty("function").GetProperty("arguments").GetString());
        Assert.Equal("tool_calls", choices[^1].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task A_model_that_may_call_may_also_answer()
    {
        JsonElement reply = await _host.AskAsync(Path, HostClient.Chat("What is 3 plus 4?", Tools + ",\"max_tokens\":20"));

        Assert.NotEmpty(reply.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!);
        Assert.NotEqual("tool_calls", reply.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task The_prompt_has_the_tools_the_calls_and_their_answers()
    {
        const string Messages = """
            {"messages":[{"role":"system","content":"Be kind."},{"role":"user","content":"weather?"},
            {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"get_weather","arguments":"{\"city\":\"Oslo\"}"}}]},
            {"role":"tool","tool_call_id":"c1","content":"rain"}]
            """;

        string prompt = (await _host.AskAsync("/apply-template", Messages + Tools + "}")).GetProperty("prompt").GetString()!;
        string without = (await _host.AskAsync("/apply-template", Messages + Tools + ",\"tool_choice\":\"none\"}")).GetProperty("prompt").GetString()!;

        Assert.StartsWith("<|im_start|>system\nBe kind.\n\n# Tools", prompt, StringComparison.Ordinal);
        Assert.Contains("\"description\":\"Tells the weather\"", prompt);
        Assert.Contains("assistant\n<tool_call>\n{\"name\": \"get_weather\", \"arguments\": {\"city\":\"Oslo\"}}\n</tool_call><|im_end|>", prompt);
        Assert.Contains("<|im_start|>user\n<tool_response>\nrain\n</tool_response><|im_end|>", prompt);
        Assert.DoesNotContain("# Tools", without);
    }

    [Theory]
    [InlineData(",\"tools\":[{}]", "\"function\"")]
    [InlineData(",\"tools\":{}", "a list")]
    [InlineData(",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a b\"}}]", "\"name\"")]
    [InlineData(",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a\"}}],\"tool_choice\":\"maybe\"", "\"required\"")]
    [InlineData(",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a\"}}],\"tool_choice\":{\"function\":{\"name\":\"b\"}}", "\"b\"")]
    [InlineData(",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a\",\"parameters\":{\"not\":{}}}}],\"tool_choice\":\"required\"", "\"not\"")]
    [InlineData(",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"a\"}}],\"response_format\":{\"type\":\"json_object\"}", "together")]
    public async Task A_wrong_tool_is_refused(string members, string part)
    {
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync(Path, HostClient.Chat("hi", members));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(part, error.GetProperty("message").GetString());
    }
}
