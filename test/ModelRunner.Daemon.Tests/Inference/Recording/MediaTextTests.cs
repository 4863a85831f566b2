using System.Text;
using System.Text.Json;
using ModelRunner.Daemon.Inference.Recording;

namespace ModelRunner.Daemon.Tests.Inference.Recording;

public sealed class MediaTextTests
{
    private static readonly string Data = new('Q', 5000);

    private static readonly string Shortened = new string('Q', MediaText.Kept) + "...[truncated 4900 chars]";

    [Theory]
    [InlineData("""{ "messages": [{"content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,DATA"}}, {"x": 1}]}] }""")]
    [InlineData("""{"input_audio": {"data": "DATA", "format":"wav"}}""")]
    [InlineData("""{"source":{"type":"base64","media_type":"image/jpeg","data":"DATA"},"other":"DATA"}""")]
    [InlineData("""["DATA","text"]""")]
    public void Data_is_shortened_and_the_rest_stays_as_it_was_written(string json)
    {
        Assert.Equal(json.Replace("DATA", Shortened, StringComparison.Ordinal), Cut(json.Replace("DATA", Data, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("data:image/png;base64,QQQQ")]
    [InlineData("https://example.org/a.png")]
    public void Short_strings_and_text_stay(string value)
    {
        string words = string.Join(' ', Enumerable.Repeat("word", 500));
        string json = $$"""{"a":"{{value}}","b":"{{words}}","c":"{{new string('ä', 500)}}","d":[{{string.Join(',', Enumerable.Repeat("1", 500))}}]}""";

        Assert.Equal(json, Cut(json));
    }

    [Fact]
    public void Escaped_slashes_belong_to_the_data()
    {
        string data = string.Concat(Enumerable.Repeat("Q\\/", 500));

        Assert.Equal($$"""{"a":"{{data[..100]}}...[truncated 1400 chars]"}""", Cut($$"""{"a":"{{data}}"}"""));
    }

    [Fact]
    public void At_every_place_where_a_text_is_cut_off_its_data_is_shortened()
    {
        string json = $$"""{"b":"text","a":{"url":"data:image/png;base64,{{Data}}"},"c":"end of it"}""";
        int start = json.IndexOf('Q', StringComparison.Ordinal);

        for (int length = 1; length <= json.Length; length++)
        {
            string cut = Cut(json[..length]);
            Assert.True(cut.Length <= start + 400, $"{length}: {cut}");
            Assert.StartsWith(json[..Math.Min(length, start + MediaText.Kept)], cut, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Text_that_is_no_json_stays()
    {
        string text = "no JSON, but long: " + string.Join(' ', Enumerable.Repeat("{\"", 300));

        Assert.Equal(text, Cut(text));
    }

    [Fact]
    public void Data_in_events_is_shortened()
    {
        string events = $"event: image\ndata: {{\"b64_json\":\"{Data}\"}}\n\n: comment\ndata: [DONE]\n\n";

        Assert.Equal(
            events.Replace(Data, Shortened, StringComparison.Ordinal), Encoding.UTF8.GetString(MediaText.CutEvents(Encoding.UTF8.GetBytes(events))));
    }

    [Fact]
    public void Chat_events_become_one_response()
    {
        const string Events = """
            : waiting for the model

            data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":null},"finish_reason":null}]}

            data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"reasoning_content":"hm"},"finish_reason":null}]}

            data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"a \"b"},"finish_reason":null}]}

            data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"ä"},"finish_reason":"stop"}]}

            data: {"id":"c","object":"chat.completion.chunk","choices":[],"usage":{"total_tokens":3}}

            data: [DONE]

            """;

        using var joined = JsonDocument.Parse(StreamText.TryJoin(Encoding.UTF8.GetBytes(Events))!);

        JsonElement choice = Assert.Single(joined.RootElement.GetProperty("choices").EnumerateArray());
        Assert.Equal("""{"role":"assistant","content":"a \"bä","reasoning_content":"hm"}""", choice.GetProperty("message").GetRawText());
        Assert.Equal(("stop", 0), (choice.GetProperty("finish_reason").GetString(), choice.GetProperty("index").GetInt32()));
        Assert.Equal(("chat.completion", 3), (
            joined.RootElement.GetProperty("object").GetString(), joined.RootElement.GetProperty("usage").GetProperty("total_tokens").GetInt32()));
    }

    [Theory]
    [InlineData("""data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"tool_calls":[{"index":0}]}}]}""")]
    [InlineData("""data: {"object":"chat.completion.chunk","choices":[{"index":1,"delta":{"content":"a"}}]}""")]
    [InlineData("""data: {"object":"text_completion","choices":[{"text":"a"}]}""")]
    [InlineData("""data: {"error":{"message":"the runner ended"}}""")]
    [InlineData("data: [1]")]
    [InlineData("")]
    public void Events_that_have_more_than_the_text_of_one_chat_are_not_joined(string events) =>
        Assert.Null(StreamText.TryJoin(Encoding.UTF8.GetBytes(events)));

    private static string Cut(string json) => Encoding.UTF8.GetString(MediaText.CutJson(Encoding.UTF8.GetBytes(json)));
}
