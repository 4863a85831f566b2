using System.Net;
using System.Text.Json;
using ModelRunner.LlamaHost.Tests.Processes;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Http;

public sealed class ChoiceTests(ChatHostFixture fixture) : IClassFixture<ChatHostFixture>
{
    private const string Path = "/v1/completions";

    private readonly HostProcess _host = fixture.Host;

    [Fact]
    public async Task Several_prompts_have_their_answers_in_order()
    {
        JsonElement reply = await _host.AskAsync(Path, """{"prompt":["Once upon","The cow says",[100,101]],"temperature":0,"max_tokens":1}""");

        JsonElement[] choices = [.. reply.GetProperty("choices").EnumerateArray()];
        Assert.Equal([0, 1, 2], choices.Select(choice => choice.GetProperty("index").GetInt32()));
        Assert.Equal(" a", choices[0].GetProperty("text").GetString());
        Assert.StartsWith(" m", choices[1].GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.Equal(3, reply.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        int[] lengths = await Task.WhenAll(
            ((string[])["\"Once upon\"", "\"The cow says\"", "[100,101]"]).Select(async prompt =>
                (await _host.AskAsync(Path, $$"""{"prompt":{{prompt}},"max_tokens":1}""")).GetProperty("usage").GetProperty("prompt_tokens").GetInt32()));
        Assert.Equal(lengths.Sum(), reply.GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
    }

    [Fact]
    public async Task One_prompt_has_several_answers_that_differ_and_come_again_by_their_seed()
    {
        string body = HostClient.Chat("Tell me a story about a fox.", ",\"n\":6,\"seed\":3,\"max_tokens\":30")
            .Replace("\"temperature\":0", "\"temperature\":1.5", StringComparison.Ordinal);

        string[] first = Texts(await _host.AskAsync("/v1/chat/completions", body));
        string[] second = Texts(await _host.AskAsync("/v1/chat/completions", body));

        Assert.Equal(6, first.Length);
        Assert.True(first.Distinct().Count() > 1);
        Assert.Equal(first, second);
    }

    [Fact]
    public async Task A_stream_tells_to_which_answer_each_piece_belongs()
    {
        const string Body = """{"prompt":["Once upon","The cow says"],"temperature":0,"max_tokens":8,"n":2""";
        string[] whole = Texts(await _host.AskAsync(Path, Body + "}"));

        IReadOnlyList<string> events = await _host.StreamAsync(Path, Body + ",\"stream\":true,\"stream_options\":{\"include_usage\":true}}");

        string[] streamed = ["", "", "", ""];
        var reasons = new List<string?>();
        foreach (JsonElement choice in events.SkipLast(2).Select(data => JsonDocument.Parse(data).RootElement.GetProperty("choices")[0]))
        {
            streamed[choice.GetProperty("index").GetInt32()] += choice.GetProperty("text").GetString();
            if (choice.GetProperty("finish_reason").ValueKind == JsonValueKind.String)
                reasons.Add(choice.GetProperty("finish_reason").GetString());
        }

        Assert.Equal(whole, streamed);
        Assert.Equal(4, reasons.Count);
        Assert.Equal("[DONE]", events[^1]);
        JsonElement last = JsonDocument.Parse(events[^2]).RootElement;
        int generated = last.GetProperty("usage").GetProperty("completion_tokens").GetInt32();
        Assert.True(generated > 8);

        // The timings of each choice are in its own last event, so that a reader can add them.
        Assert.False(last.TryGetProperty("timings", out _));
        int[] predicted =
        [
            .. events.SkipLast(2).Select(static data => JsonDocument.Parse(data).RootElement)
                .Where(static data => data.TryGetProperty("timings", out _)).Select(static data => data.GetProperty("timings").GetProperty("predicted_n").GetInt32()),
        ];
        Assert.Equal(4, predicted.Length);
        Assert.Equal(generated, predicted.Sum());
    }

    [Theory]
    [InlineData("\"prompt\":[]", "must not be empty")]
    [InlineData("\"prompt\":[\"a\",\"\"],\"n\":65", "130 answers")]
    [InlineData("\"prompt\":[\"a\",5.5]", "a list of these")]
    [InlineData("\"prompt\":\"a\",\"n\":129", "from 1 to 128")]
    public async Task A_wrong_number_is_refused(string members, string part)
    {
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync(Path, "{" + members + "}");

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains(part, error.GetProperty("message").GetString());
    }

    private static string[] Texts(JsonElement reply) =>
    [
        .. reply.GetProperty("choices").EnumerateArray().Select(choice =>
            (choice.TryGetProperty("text", out JsonElement text) ? text : choice.GetProperty("message").GetProperty("content")).GetString()!),
    ];
}
