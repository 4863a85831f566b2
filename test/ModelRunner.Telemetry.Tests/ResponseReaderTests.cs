using System.Text;
using ModelRunner.Telemetry.Tests.Support;

namespace ModelRunner.Telemetry.Tests;

public sealed class ResponseReaderTests
{
    [Theory]
    [InlineData("""{"usage":{"prompt_tokens":10,"completion_tokens":3,"total_tokens":13}}""", FigureSource.Usage, 10, 0, 3)]
    [InlineData("""{"usage":{"prompt_tokens":10,"completion_tokens":3,"prompt_tokens_details":{"cached_tokens":4}}}""", FigureSource.Usage, 6, 4, 3)]
    [InlineData("""{"usage":{"prompt_tokens":10,"completion_tokens":3,"prompt_tokens_details":null}}""", FigureSource.Usage, 10, 0, 3)]
    [InlineData("""{"usage":{"prompt_tokens":1,"prompt_tokens_details":{"cached_tokens":4}}}""", FigureSource.Usage, 0, 1, 0)]
    [InlineData("""{"usage":{"input_tokens":5,"cache_creation_input_tokens":7,"cache_read_input_tokens":9,"output_tokens":2}}""", FigureSource.Usage, 12, 9, 2)]
    [InlineData("""{"usage":{"total_tokens":7}}""", FigureSource.Usage, 7, 0, 0)]
    [InlineData("""{"usage":{"total_tokens":7,"completion_tokens":2}}""", FigureSource.Usage, 5, 0, 2)]
    [InlineData("""{"usage":{"prompt_tokens":7,"total_tokens":7}}""", FigureSource.Usage, 7, 0, 0)]
    [InlineData("""{"usage":{"prompt_tokens":-1,"completion_tokens":2,"total_tokens":7}}""", FigureSource.Usage, 0, 0, 2)]
    [InlineData("""{"usage":{"input_tokens":"5","total_tokens":7}}""", FigureSource.Usage, 0, 0, 0)]
    [InlineData("""{"usage":{"prompt_tokens":5,"completion_tokens":1.5,"total_tokens":7}}""", FigureSource.Usage, 5, 0, 0)]
    [InlineData("""{"usage":{"completion_tokens":1e3,"total_tokens":7}}""", FigureSource.Usage, 0, 0, 0)]
    [InlineData("""{"timings":{"prompt_n":1,"predicted_n":2},"usage":{"prompt_tokens":10,"completion_tokens":3}}""", FigureSource.Timings, 1, 0, 2)]
    [InlineData("""{"usage":{"prompt_tokens":10,"completion_tokens":3},"timings":{"prompt_ms":2}}""", FigureSource.Usage, 10, 0, 3)]
    [InlineData("""{"usage":{"prompt_tokens":1},"usage":{"completion_tokens":3}}""", FigureSource.Usage, 0, 0, 3)]
    [InlineData("""{"usage":{"prompt_tokens":1,"prompt_tokens":2}}""", FigureSource.Usage, 2, 0, 0)]
    [InlineData("""{"usage":{"prompt_tokens":1},"usage":null}""", FigureSource.None, 0, 0, 0)]
    [InlineData("""{"\u0075sage":{"prompt_\u0074okens":1}}""", FigureSource.Usage, 1, 0, 0)]
    [InlineData("""{"a":{"usage":{"prompt_tokens":1}},"b":[{"timings":{"prompt_n":1,"predicted_n":2}}]}""", FigureSource.None, 0, 0, 0)]
    [InlineData("""{"choices":[{"message":{"content":"\"usage\":{\"prompt_tokens\":1}"},"usage":{"prompt_tokens":1}}]}""", FigureSource.None, 0, 0, 0)]
    [InlineData("""[{"usage":{"prompt_tokens":1}}]""", FigureSource.None, 0, 0, 0)]
    [InlineData("""{"usage":{"prompt_tokens":-1,"completion_tokens":-0}}""", FigureSource.None, 0, 0, 0)]
    [InlineData("""{"usage":{"prompt_tokens":1.0,"completion_tokens":1e2}}""", FigureSource.None, 0, 0, 0)]
    [InlineData("""{"usage":{"prompt_tokens":2147483648,"completion_tokens":99999999999999999999999999}}""", FigureSource.None, 0, 0, 0)]
    [InlineData("""{"usage":{"prompt_tokens":2147483647}}""", FigureSource.Usage, 2147483647, 0, 0)]
    [InlineData("""{"usage":{"prompt_tokens":"5"}}""", FigureSource.None, 0, 0, 0)]
    public void Counts_are_read_where_they_belong(string body, FigureSource source, long prompt, long cached, long generated)
    {
        ResponseFigures figures = Body.OfText(body, ResponseFormat.Json);

        Assert.Equal(
            (source, prompt, cached, generated), (figures.Source, figures.PromptTokens, figures.CachedTokens, figures.GeneratedTokens));
        Assert.False(figures.IsLost);
    }

    [Theory]
    [InlineData("""{"content":"a","truncated":true}""", true)]
    [InlineData("""{"content":"a","truncated":false}""", false)]
    [InlineData("""{"choices":[{"truncated":true}]}""", false)]
    public void A_truncated_response_is_known(string body, bool expected) =>
        Assert.Equal(expected, Body.OfText(body, ResponseFormat.Json).IsTruncated);

    [Theory]
    [InlineData("""{"timings":{"prompt_n":1,"cache_n":9,"predicted_n":2},"usage":{"prompt_tokens":10,"completion_tokens":2}}""", 0L, 0L)]
    [InlineData("""{"timings":{"prompt_n":1,"predicted_n":5},"usage":{"input_tokens":4,"output_tokens":3}}""", -3L, 2L)]
    [InlineData("""{"timings":{"prompt_n":1,"predicted_n":2},"usage":{"prompt_tokens":1}}""", null, null)]
    [InlineData("""{"timings":{"prompt_n":1,"predicted_n":2}}""", null, null)]
    [InlineData("""{"usage":{"prompt_tokens":1,"completion_tokens":2}}""", null, null)]
    public void Timings_are_compared_with_the_usage_of_the_same_response(string body, long? prompt, long? generated)
    {
        (long, long)? drift = Body.OfText(body, ResponseFormat.Json).UsageDrift;

        Assert.Equal((prompt, generated), (drift?.Item1, drift?.Item2));
    }

    [Theory]
    [InlineData("""{"choices":[{"finish_reason":"stop"}]}""", FinishReason.Stop)]
    [InlineData("""{"choices":[{"finish_reason":"tool_calls"}]}""", FinishReason.ToolCalls)]
    [InlineData("""{"choices":[{"finish_reason":"content_filter"}]}""", FinishReason.ContentFilter)]
    [InlineData("""{"choices":[{"finish_reason":"abort"}]}""", FinishReason.Other)]
    [InlineData("""{"choices":[{"finish_reason":"error"}]}""", FinishReason.Error)]
    [InlineData("""{"choices":[{"finish_reason":null}]}""", FinishReason.None)]
    [InlineData("""{"choices":[{"index":1,"finish_reason":"length"},{"index":0,"finish_reason":"stop"}]}""", FinishReason.Stop)]
    [InlineData("""{"stop_reason":"tool_use"}""", FinishReason.ToolCalls)]
    [InlineData("""{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}""", FinishReason.Length)]
    [InlineData("""{"incomplete_details":{"reason":"content_filter"},"status":"incomplete"}""", FinishReason.ContentFilter)]
    [InlineData("""{"status":"incomplete"}""", FinishReason.Other)]
    [InlineData("""{"status":"in_progress"}""", FinishReason.None)]
    [InlineData("""{"message":{"content":[{"stop_reason":"refusal"}]}}""", FinishReason.None)]
    public void The_finish_reason_is_one_of_a_closed_list(string body, FinishReason reason) =>
        Assert.Equal(reason, Body.OfText(body, ResponseFormat.Json).Finish);

    [Theory]
    [InlineData("""{"error":{"message":"x"}}""", true)]
    [InlineData("""{"error":"x"}""", true)]
    [InlineData("""{"type":"error"}""", true)]
    [InlineData("""{"response":{"status":"failed"}}""", true)]
    [InlineData("""{"error":null}""", false)]
    [InlineData("""{"error":false}""", false)]
    [InlineData("""{"error":""}""", false)]
    [InlineData("""{"error":true}""", true)]
    [InlineData("""{"choices":[{"error":"x"}]}""", false)]
    public void An_error_of_the_engine_is_seen(string body, bool hasError) =>
        Assert.Equal(hasError, Body.OfText(body, ResponseFormat.Json).HasError);

    [Theory]
    [InlineData("""{"choices":[{"delta":{"content":"a"}}]}""", true)]
    [InlineData("""{"choices":[{"delta":{"content":"\n"}}]}""", true)]
    [InlineData("""{"choices":[{"delta":{"reasoning_content":"a"}}]}""", true)]
    [InlineData("""{"choices":[{"delta":{"reasoning":"a"}}]}""", true)]
    [InlineData("""{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{"}}]}}]}""", true)]
    [InlineData("""{"choices":[{"text":"a"}]}""", true)]
    [InlineData("""{"content":"a"}""", true)]
    [InlineData("""{"type":"content_block_delta","delta":{"thinking":"a"}}""", true)]
    [InlineData("""{"delta":{"partial_json":"{"},"type":"content_block_delta"}""", true)]
    [InlineData("""{"type":"response.function_call_arguments.delta","delta":"{"}""", true)]
    [InlineData("""{"choices":[{"delta":{"role":"assistant"}}]}""", false)]
    [InlineData("""{"choices":[{"delta":{"role":"assistant","content":"","tool_calls":[ ]}}]}""", false)]
    [InlineData("""{"choices":[{"delta":{"content":null}}]}""", false)]
    [InlineData("""{"type":"message_delta","delta":{"text":"a"}}""", false)]
    [InlineData("""{"choices":[]}""", false)]
    public void The_first_token_is_the_first_event_with_content(string data, bool hasContent)
    {
        var reader = new ResponseReader(ResponseFormat.Events);
        reader.Read(Encoding.UTF8.GetBytes($"data: {data}\n"));

        Assert.Equal(hasContent, reader.HasContent);
        Assert.Equal(hasContent ? 1 : 0, reader.Figures.ContentEvents);
    }

    [Theory]
    [InlineData("data: {A}\n\ndata: {A}\n\n", 2)]
    [InlineData("data:{A}\r\rdata:{A}\r\r", 2)]
    [InlineData("\uFEFFdata:  {A}\r\n\r\n: comment\r\nevent: x\r\ndata: {A}\r\n\r\n", 2)]
    [InlineData("data: {A}\ndata: {A}\n", 2)]
    [InlineData("data: {A}", 1)]
    [InlineData("data: {\"choices\":\ndata: [{\"text\":\"a\"}]}\n\n", 1)]
    [InlineData("data: {A}\n\ndata: [DONE] \n\ndata: {A}\n\n", 1)]
    [InlineData("data\ndata:\n\ndate: {A}\nDATA: {A}\n data: {A}\n\n", 0)]
    public void Data_of_events_are_found(string stream, long events)
    {
        byte[] body = Encoding.UTF8.GetBytes(stream.Replace("{A}", """{"choices":[{"text":"a"}]}""", StringComparison.Ordinal));

        Assert.Equal(
            new ResponseFigures
            {
                Source = events > 0 ? FigureSource.Events : FigureSource.None, ContentEvents = events, GeneratedTokens = events,
            },
            Body.InParts(body, ResponseFormat.Events));
        Assert.Equal(Body.InParts(body, ResponseFormat.Events), Body.ByteByByte(body, ResponseFormat.Events));
    }

    [Theory]
    [InlineData("data: {\"choices\":[{\"text\":\"a\"\n\n")]
    [InlineData("data: {\"choices\":[{\"text\":\"a\"}}\n\n")]
    [InlineData("data: {\"choices\":[{\"text\":\"a\"}],}\n\n")]
    [InlineData("data: {\"choices\":[{\"text\":\"\\x\"}]}\n\n")]
    [InlineData("data: {\"choices\":[{\"text\":\"a\tb\"}]}\n\n")]
    [InlineData("data: {\"choices\":[{\"text\":nul}]}\n\n")]
    [InlineData("data: {\"choices\":[{\"index\":01}]}\n\n")]
    [InlineData("data: {\"choices\":[{\"index\":1.}]}\n\n")]
    [InlineData("data: {} {}\n\n")]
    [InlineData("data: [DONE\n\n")]
    [InlineData("data: [DONE]]\n\n")]
    [InlineData("data: hello\n\n")]
    public void Events_that_cannot_be_read_are_reported_and_later_ones_count(string broken)
    {
        byte[] body = Encoding.UTF8.GetBytes(broken + "data: {\"choices\":[{\"text\":\"a\"}]}\n\n");

        Assert.Equal(
            new ResponseFigures { Source = FigureSource.Events, ContentEvents = 1, GeneratedTokens = 1, IsLost = true },
            Body.InParts(body, ResponseFormat.Events));
        Assert.Equal(Body.InParts(body, ResponseFormat.Events), Body.ByteByByte(body, ResponseFormat.Events));
    }

    [Theory]
    [InlineData(64, false)]
    [InlineData(65, true)]
    [InlineData(100_000, true)]
    public void Nesting_has_a_limit(int depth, bool isLost)
    {
        string body = "{\"a\":" + new string('[', depth - 1) + new string(']', depth - 1) + ",\"usage\":{\"prompt_tokens\":1}}";
        ResponseFigures figures = Body.OfText(body, ResponseFormat.Json);

        Assert.Equal((isLost, isLost ? 0 : 1), (figures.IsLost, figures.PromptTokens));
    }

    [Fact]
    public void A_stream_without_timings_has_its_last_usage()
    {
        ResponseFigures figures = Body.OfText(
            """
            data: {"choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}}

            data: {"choices":[{"delta":{"content":"b"},"finish_reason":"stop"}],"usage":null}

            data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}

            data: [DONE]

            """, ResponseFormat.Events);

        Assert.Equal(
            new ResponseFigures
            {
                Source = FigureSource.Usage, PromptTokens = 3, GeneratedTokens = 2, ContentEvents = 2, Finish = FinishReason.Stop,
            },
            figures);
    }

    [Fact]
    public void A_truncated_stream_with_prompt_tokens_counts_its_events()
    {
        ResponseFigures figures = Body.OfText(
            """
            data: {"type":"message_start","message":{"usage":{"input_tokens":3,"cache_read_input_tokens":4,"output_tokens":0}}}

            data: {"type":"content_block_delta","index":1,"delta":{"text":"a"}}

            data: {"type":"content_block_delta","index":2,"delta":{"text":"b"}}

            """, ResponseFormat.Events);

        Assert.Equal(
            new ResponseFigures { Source = FigureSource.Usage, PromptTokens = 3, CachedTokens = 4, GeneratedTokens = 2, ContentEvents = 2 }, figures);
    }

    [Fact]
    public void A_choice_that_was_cut_counts_its_events_beside_the_timings_of_another()
    {
        ResponseFigures figures = Body.OfText(
            """
            data: {"choices":[{"index":0,"text":"a"}]}

            data: {"choices":[{"index":1,"text":"a"}]}

            data: {"choices":[{"index":0,"finish_reason":"stop"}]}

            data: {"choices":[],"timings":{"prompt_n":3,"predicted_n":5}}

            data: {"choices":[{"index":1,"text":"b"}]}

            """, ResponseFormat.Events);

        Assert.Equal((FigureSource.Timings, 3, 7), (figures.Source, figures.PromptTokens, figures.GeneratedTokens));
    }

    [Theory]
    [InlineData(16, false)]
    [InlineData(17, true)]
    public void More_choices_than_the_limit_are_reported_as_partial(int choices, bool isPartial)
    {
        string stream = string.Concat(Enumerable.Range(0, choices).Select(static index =>
            $$$"""data: {"choices":[{"index":{{{index}}},"text":"a","finish_reason":"stop"}],"timings":{"prompt_n":1,"predicted_n":1}}""" + "\n\n"));
        ResponseFigures figures = Body.OfText(stream, ResponseFormat.Events);

        Assert.Equal((isPartial, 16, 1), (figures.IsPartial, figures.GeneratedTokens, figures.PromptTokens));
    }

    [Theory]
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}\n", true)]
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"send [DONE] now\"},\"finish_reason\":null}]}\n", true)]
    [InlineData("data: {\"error\":null,\"choices\":[{\"delta\":{},\"finish_reason\":null}]}\n", true)]
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"\\\"error\\\":1\"},\"finish_reason\":null}]}\n", true)]
    [InlineData("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n", false)]
    [InlineData("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[]}\n", false)]
    [InlineData("data: {\"choices\":[]}\n\ndata: [DONE]\r\n", false)]
    [InlineData("data: {\"choices\":[]}\n\ndata:[DONE]\n", false)]
    [InlineData("data: {\"choices\":[]}\ndata: {\"error\":{\"message\":\"x\"}}\n", false)]
    [InlineData("data: {\"usage\":{}}\n", false)]
    [InlineData("data: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"a\"}}\n\n", true)]
    [InlineData("data: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"a\"}}\n\ndata: {\"type\":\"message_stop\"}\n\n", false)]
    [InlineData("data: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"a\"}}\n\ndata: {\"type\":\"error\",\"error\":{}}\n\n", false)]
    [InlineData("data: {\"type\":\"response.output_text.delta\",\"delta\":\"a\"}\n\n", true)]
    [InlineData("data: {\"type\":\"speech.audio.delta\",\"audio\":\"a\"}\n\n", false)]
    public void A_stream_of_choices_needs_an_end(string lines, bool isMissing)
    {
        var reader = new ResponseReader(ResponseFormat.Events);
        reader.Read(Encoding.UTF8.GetBytes(lines));

        Assert.Equal(isMissing, reader.IsEndMissing);
    }

    [Theory]
    [InlineData("data: {\"choices\":[]}\n\ndata: [DONE]\n", true)]
    [InlineData("data: {\"choices\":[]}\n\ndata: [DONE]", false)]
    [InlineData("data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n", false)]
    [InlineData("data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}\n\n", false)]
    [InlineData("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", true)]
    [InlineData("data: {\"type\":\"response.output_text.delta\",\"delta\":\"response.completed\"}\n\n", false)]
    [InlineData("data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n", true)]
    [InlineData("data: {\"type\":\"response.incomplete\",\"response\":{}}\n\n", true)]
    [InlineData("data: {\"type\":\"response.failed\",\"response\":{}}\n\n", true)]
    public void The_last_event_of_a_stream_is_recognised(string lines, bool isLast)
    {
        var reader = new ResponseReader(ResponseFormat.Events);
        reader.Read(Encoding.UTF8.GetBytes(lines));

        Assert.Equal(isLast, reader.HasLastEvent);
        var json = new ResponseReader(ResponseFormat.Json);
        json.Read("""{"choices":[],"type":"message_stop"}"""u8);
        Assert.False(json.HasLastEvent);
    }

    [Fact]
    public void What_follows_the_end_is_ignored()
    {
        var reader = new ResponseReader(ResponseFormat.Json);
        reader.Read("{\"usage\":{\"prompt_tokens\":1}}"u8);
        reader.Complete();
        reader.Read("{"u8);
        reader.Complete();

        Assert.Equal((1, false), (reader.Figures.PromptTokens, reader.Figures.IsLost));
    }

    [Fact]
    public void An_empty_response_says_nothing()
    {
        Assert.Equal(new ResponseFigures { Source = FigureSource.None }, Body.OfText("", ResponseFormat.Json));
        Assert.Equal(new ResponseFigures { Source = FigureSource.None }, Body.OfText(" \n", ResponseFormat.Events));
    }
}
