using System.Text;
using ModelRunner.Daemon.Inference.Exchange;

namespace ModelRunner.Daemon.Tests.Inference.Exchange;

public sealed class RequestEditorTests
{
    private const string Wanted = "\"stream_options\":{\"include_usage\":true}";

    [Theory]
    [InlineData("""{"model":"a"}""", """{"model":"Org/\"M\""}""")]
    [InlineData("""{"model":"first","x":{"model":"a"},"model":"last"}""", """{"model":"first","x":{"model":"a"},"model":"Org/\"M\""}""")]
    [InlineData("""{"x":1}""", """{"x":1}""")]
    [InlineData("""{"model":1}""", """{"model":1}""")]
    [InlineData("""{"model":"a","keep_alive":"10m"}""", """{"model":"Org/\"M\""}""")]
    [InlineData("""{ "keep_alive" : -1 , "model":"a"}""", """{ "model":"Org/\"M\""}""")]
    [InlineData("""{"keep_alive":1,"keep_alive":2,"x":{"keep_alive":3},"keep_alive":4,"keep_alive":[5],"model":"a","keep_alive":6}""", """{"x":{"keep_alive":3},"model":"Org/\"M\""}""")]
    [InlineData("""{"keep_alive":1}""", """{}""")]
    [InlineData("""{"keep_alive":1,"keep_alive":{"a":[]}}""", """{}""")]
    [InlineData("""{"stream":true,"stream_options":null,"model":"a"}""", """{"stream":true,"stream_options":null,"model":"Org/\"M\""}""")]
    [InlineData("nonsense", "nonsense")]
    [InlineData("", "")]
    public void Only_the_name_of_the_model_is_written_if_no_usage_is_wanted(string body, string expected)
    {
        (string sent, bool asks) = Edit(body, requestsUsage: false);

        Assert.Equal((expected, false), (sent, asks));
    }

    [Theory]
    [InlineData("""{"model":"a","stream":true}""", """{"model":"Org/\"M\"","stream":true,OPTIONS}""")]
    [InlineData("""{ "stream" : true , "model" : "a" }""", """{ "stream" : true,OPTIONS , "model" : "Org/\"M\"" }""")]
    [InlineData("""{"stream":true}""", """{"stream":true,OPTIONS}""")]
    [InlineData("""{"stream":true,"keep_alive":0,"m":1}""", """{"stream":true,OPTIONS,"m":1}""")]
    [InlineData("""{"keep_alive":0,"stream":true}""", """{"stream":true,OPTIONS}""")]
    [InlineData("""{"model":"a","stream":false,"stream":true}""", """{"model":"Org/\"M\"","stream":false,"stream":true,OPTIONS}""")]
    [InlineData("""{"\u0073tream":true,"m":1}""", """{"\u0073tream":true,OPTIONS,"m":1}""")]
    [InlineData("""{"messages":[{"stream_options":{"include_usage":true},"stream":false}],"stream":true}""", """{"messages":[{"stream_options":{"include_usage":true},"stream":false}],"stream":true,OPTIONS}""")]
    [InlineData("""{"x":{"stream_options":null},"stream":true,"y":"stream_options"}""", """{"x":{"stream_options":null},"stream":true,OPTIONS,"y":"stream_options"}""")]
    public void A_stream_without_options_gets_them(string body, string expected)
    {
        (string sent, bool asks) = Edit(body, requestsUsage: true);

        Assert.Equal((expected.Replace("OPTIONS", Wanted, StringComparison.Ordinal), true), (sent, asks));
    }

    [Theory]
    [InlineData("null", """{"include_usage":true}""")]
    [InlineData("{}", """{"include_usage":true}""")]
    [InlineData("{ }", """{"include_usage":true }""")]
    [InlineData("""{"x":1}""", """{"include_usage":true,"x":1}""")]
    [InlineData("""{"x":{"include_usage":true},"y":[{"include_usage":true}]}""", """{"include_usage":true,"x":{"include_usage":true},"y":[{"include_usage":true}]}""")]
    [InlineData("""{"include_usage":false}""", """{"include_usage":true}""")]
    [InlineData("""{"x":1, "include_usage" : null , "y":2}""", """{"x":1, "include_usage" : true , "y":2}""")]
    [InlineData("""{"include_us\u0061ge":false}""", """{"include_us\u0061ge":true}""")]
    [InlineData("""{"include_usage":true,"include_usage":false}""", """{"include_usage":true,"include_usage":true}""")]
    [InlineData("""{"include_usage":"true","include_usage":null,"x":1}""", """{"include_usage":"true","include_usage":true,"x":1}""")]
    public void Options_that_do_not_ask_are_changed_in_place(string options, string expected)
    {
        foreach (string format in (string[])[
            """{"stream":true,"stream_options":OPTIONS,"model":"Org/\"M\"","z":1}""",
            """{"model":"Org/\"M\"","stream_options":OPTIONS,"stream":true}""",
            """{"stream_options":{"include_usage":true},"stream":true, "stream_\u006fptions" : OPTIONS }"""])
        {
            (string sent, bool asks) = Edit(format.Replace("OPTIONS", options, StringComparison.Ordinal), requestsUsage: true);

            Assert.Equal((format.Replace("OPTIONS", expected, StringComparison.Ordinal), true), (sent, asks));
        }
    }

    [Theory]
    [InlineData("""{"stream":true,"stream_options":{"include_usage":true}}""")]
    [InlineData("""{"stream":true,"stream_options":{"include_usage":false,"x":1,"include_usage":true}}""")]
    [InlineData("""{"stream":true,"stream_options":null,"stream_options":{"include_usage":true}}""")]
    [InlineData("""{"stream":true,"stream_options":{"include_usage":1}}""")]
    [InlineData("""{"stream":true,"stream_options":{"include_usage":"yes"}}""")]
    [InlineData("""{"stream":true,"stream_options":[]}""")]
    [InlineData("""{"stream":true,"stream_options":"x"}""")]
    [InlineData("""{"stream":false,"stream_options":null}""")]
    [InlineData("""{"stream":true,"stream":false}""")]
    [InlineData("""{"stream":true,"stream":null,"stream_options":{}}""")]
    [InlineData("""{"stream":"true"}""")]
    [InlineData("""{"stream":{"stream":true}}""")]
    [InlineData("""{"x":{"stream":true}}""")]
    [InlineData("""["stream",true]""")]
    [InlineData("""{"stream":true""")]
    [InlineData("""{"stream":true,"stream_options":{"include_usage":false}""")]
    [InlineData("")]
    public void Any_other_body_stays(string body)
    {
        (string sent, bool asks) = Edit(body, requestsUsage: true);

        Assert.Equal((body, false), (sent, asks));
    }

    [Fact]
    public void A_key_that_is_no_text_stays_and_the_model_is_written_all_the_same()
    {
        const string Rest = ""","stream":true,"stream_optio\ud800ns":null}""";

        (string sent, bool asks) = Edit("""{"model":"a" """ + Rest, requestsUsage: true);

        Assert.Equal(("""{"model":"Org/\"M\"" """ + Rest, false), (sent, asks));
    }

    [Fact]
    public void The_parts_are_those_of_the_body_itself()
    {
        byte[] body = Encoding.UTF8.GetBytes($$"""{"x":"{{new string('a', 1000)}}","model":"m","stream":true,"y":"{{new string('b', 1000)}}"}""");

        ReadOnlyMemory<byte>[] parts = RequestEditor.Edit(body, "n", requestsUsage: true).Parts;

        Assert.Equal(5, parts.Length);
        Assert.True(parts[0].Span == body.AsSpan(0, parts[0].Length));
        Assert.True(parts[4].Span == body.AsSpan(body.Length - parts[4].Length));
    }

    [Theory]
    [InlineData("v1/chat/completions", true)]
    [InlineData("v1/completions", true)]
    [InlineData("v1/responses", false)]
    [InlineData("v1/messages", false)]
    [InlineData("infill", false)]
    public void Only_OpenAIs_completions_have_the_option(string path, bool expected) => Assert.Equal(expected, RequestEditor.HasUsageOption(path));

    private static (string Sent, bool Asks) Edit(string body, bool requestsUsage)
    {
        EditedRequest edited = RequestEditor.Edit(Encoding.UTF8.GetBytes(body), "Org/\"M\"", requestsUsage);
        using var reader = new StreamReader(new ReadOnlyPartsStream(edited.Parts));
        return (reader.ReadToEnd(), edited.AsksForUsage);
    }
}
