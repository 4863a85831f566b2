using System.Net;
using System.Text.Json;
using ModelRunner.LlamaHost.Tests.Processes;
using ModelRunner.Testing;

namespace ModelRunner.LlamaHost.Tests.Http;

public sealed class ChatTests(ChatHostFixture fixture) : IClassFixture<ChatHostFixture>
{
    private const string Path = "/v1/chat/completions";

    private readonly HostProcess _host = fixture.Host;

    [Theory]
    [InlineData("What is the capital of Norway?", "The capital of Norway is Oslo.")]
    [InlineData("What is 3 plus 4?", "3 plus 4 is 7.")]
    [InlineData("Count to 20.", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20.")]
    public async Task A_question_is_answered(string question, string answer)
    {
        JsonElement reply = await _host.AskAsync(Path, HostClient.Chat(question));

        JsonElement choice = reply.GetProperty("choices")[0];
        Assert.Equal(answer, choice.GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
        Assert.Equal("chat.completion", reply.GetProperty("object").GetString());
        Assert.Equal("tiny-chat", reply.GetProperty("model").GetString());
    }

    [Fact]
    public async Task A_stream_has_a_role_pieces_a_reason_the_usage_and_an_end()
    {
        IReadOnlyList<string> events = await _host.StreamAsync(
            Path, HostClient.Chat("What is the capital of Norway?", ",\"stream\":true,\"stream_options\":{\"include_usage\":true}"));

        JsonElement[] parsed = [.. events.SkipLast(1).Select(data => JsonDocument.Parse(data).RootElement)];
        Assert.Equal("[DONE]", events[^1]);
        Assert.Equal("assistant", parsed[0].GetProperty("choices")[0].GetProperty("delta").GetProperty("role").GetString());
        string text = string.Concat(
            parsed[1..^2].Select(piece => piece.GetProperty("choices")[0].GetProperty("delta").GetProperty("content").GetString()));
        Assert.Equal("The capital of Norway is Oslo.", text);
        Assert.Equal("stop", parsed[^2].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(0, parsed[^1].GetProperty("choices").GetArrayLength());
        Assert.Equal(19, parsed[^1].GetProperty("usage").GetProperty("prompt_tokens").GetInt32());
        Assert.Equal(14, parsed[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32());
        Assert.Equal(14, parsed[^1].GetProperty("timings").GetProperty("predicted_n").GetInt32());
    }

    [Fact]
    public async Task A_stream_without_usage_carries_the_timings_in_its_last_event()
    {
        IReadOnlyList<string> events = await _host.StreamAsync(
            Path, HostClient.Chat("What is 3 plus 4?", ",\"stream\":true,\"max_tokens\":2"));

        JsonElement last = JsonDocument.Parse(events[^2]).RootElement;
        Assert.Equal("length", last.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(2, last.GetProperty("timings").GetProperty("predicted_n").GetInt32());
        Assert.False(last.TryGetProperty("usage", out _));
    }

    [Fact]
    public async Task Parts_of_a_message_are_joined()
    {
        JsonElement reply = await _host.AskAsync(Path, """
            {"temperature":0,"messages":[{"role":"user","content":[{"type":"text","text":"What is the capital "},
            {"type":"text","text":"of Norway?"}]}]}
            """);

        Assert.Contains("Oslo", reply.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Fact]
    public async Task A_stop_text_across_tokens_ends_the_answer_before_it()
    {
        JsonElement reply = await _host.AskAsync(Path, HostClient.Chat("What is the capital of Norway?", ",\"stop\":[\"way is O\"]"));

        JsonElement choice = reply.GetProperty("choices")[0];
        Assert.Equal("The capital of Nor", choice.GetProperty("message").GetProperty("content").GetString());
        Assert.Equal("stop", choice.GetProperty("finish_reason").GetString());
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_answer()
    {
        const string Body =
            """{"messages":[{"role":"user","content":"Tell me a story about a fox."}],"temperature":1.5,"seed":42,"max_tokens":60}""";

        JsonElement first = await _host.AskAsync(Path, Body);
        JsonElement second = await _host.AskAsync(Path, Body);

        Assert.Equal(first.GetProperty("choices").GetRawText(), second.GetProperty("choices").GetRawText());
    }

    [Fact]
    public async Task A_bias_bans_a_token()
    {
        JsonElement plain = await _host.AskAsync("/v1/completions", """{"prompt":"Once upon","temperature":0,"max_tokens":1}""");
        Assert.Equal(" a", plain.GetProperty("choices")[0].GetProperty("text").GetString());

        string bans = string.Join(',', Enumerable.Range(0, 700).Select(id => $"\"{id}\":-100"));
        JsonElement banned = await _host.AskAsync(
            "/v1/completions", """{"prompt":"Once upon","temperature":0,"max_tokens":1,"logit_bias":{""" + bans + "}}");

        Assert.NotEqual(" a", banned.GetProperty("choices")[0].GetProperty("text").GetString());
    }

    [Fact]
    public async Task An_answer_without_end_stops_at_the_end_of_the_slot()
    {
        JsonElement reply = await _host.AskAsync("/v1/completions", """{"prompt":"Once upon","temperature":0,"ignore_eos":true}""");

        Assert.Equal("length", reply.GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.InRange(reply.GetProperty("usage").GetProperty("total_tokens").GetInt32(), 1024, 1025);
    }

    [Fact]
    public async Task Any_text_comes_back_whole_in_pieces()
    {
        // What the model says is of no interest here; that its bytes, at a temperature where everything comes, are valid text is.
        IReadOnlyList<string> events = await _host.StreamAsync("/v1/completions", """
            {"prompt":"🦊 żółć 日本","temperature":50,"top_k":0,"top_p":1,"min_p":0,
             "seed":7,"stream":true,"max_tokens":400,"ignore_eos":true}
            """);

        foreach (string data in events.SkipLast(1))
        {
            string text = JsonDocument.Parse(data).RootElement.GetProperty("choices")[0].GetProperty("text").GetString()!;
            Assert.False(text.Length > 0 && (char.IsLowSurrogate(text[0]) || char.IsHighSurrogate(text[^1])), data);
        }
    }

    [Fact]
    public async Task A_prompt_that_does_not_fit_is_refused_with_both_lengths()
    {
        (HttpStatusCode status, JsonElement error) = await _host.AskInVainAsync(
            Path, HostClient.Chat(string.Concat(Enumerable.Repeat("fox ", 3000)).Trim()));

        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal("exceed_context_size_error", error.GetProperty("type").GetString());
        Assert.Equal(1024, error.GetProperty("n_ctx").GetInt32());
        Assert.True(error.GetProperty("n_prompt_tokens").GetInt32() >= 1024);
    }
}
