using System.Text;
using ModelRunner.Daemon.Inference;
using ModelRunner.Daemon.Responses;

namespace ModelRunner.Daemon.Tests.Inference;

public sealed class RequestEnvelopeTests
{
    public static TheoryData<string, string> Accepted => new()
    {
        { """{"model":"a"}""", "a" },
        { """ {"messages":[{"role":"user","content":"hi"}],"stream":true,"model":"ai/smollm2:135M"} """, "ai/smollm2:135M" },
        { """{"model":"first","model":"last"}""", "last" },
        { """{"model":"first","stream":true,"stream":false,"model":"last"}""", "last" },
        { """{"mo\u0064el":"escaped n\u00e4me"}""", "escaped näme" },
        { """{"tools":[{"model":"inner"}],"metadata":{"model":"inner","stream":true},"model":"outer"}""", "outer" },
        { """{"stream":null,"model":"a"}""", "a" },
        { """{"stream":"true","model":"a"}""", "a" },
    };

    public static TheoryData<string, string?, string> Refused => new()
    {
        { "", null, "no body" },
        { "   ", null, "not valid JSON" },
        { "[]", null, "not a JSON object" },
        { "\"model\"", null, "not a JSON object" },
        { "{}", "model", "no \"model\"" },
        { """{"model":""}""", "model", "no \"model\"" },
        { """{"model":7}""", "model", "not a string" },
        { """{"model":null}""", "model", "not a string" },
        { """{"model":{"name":"a"}}""", "model", "not a string" },
        { """{"model":"a","model":7}""", "model", "not a string" },
        { """{"model":"\ud800"}""", "model", "surrogate" },
        { """{"model":"a","keep_alive":"\ud800"}""", "keep_alive", "\"keep_alive\" is \\ud800; send" },
        { """{"model":"a","keep_alive":"9000h"}""", "keep_alive", "\"keep_alive\" is 9000h; send a number of seconds or a duration such as \"10m\" (at most 8760h)" },
        { """{"model":"a","keep_alive":""}""", "keep_alive", "\"keep_alive\" is empty; send" },
        { """{"\ud800":1,"model":"a"}""", null, "the name of a member of the request is not a valid string: it contains an unpaired surrogate" },
        { """{"model":"a",}""", null, "not valid JSON" },
        { """{"model":"a"} x""", null, "not valid JSON" },
        { """{"model":"a"}{"model":"b"}""", null, "not valid JSON" },
        { """{"model":"a" // why""", null, "not valid JSON" },
        { """{"model":"a","messages":[""", null, "not valid JSON" },
    };

    [Theory]
    [MemberData(nameof(Accepted))]
    public void The_last_model_of_the_outermost_object_counts(string body, string model)
    {
        RequestEnvelope envelope = RequestEnvelope.Read(Encoding.UTF8.GetBytes(body));

        Assert.Equal(model, envelope.Model);
    }

    [Theory]
    [InlineData("""{"model":"a","stream":true}""", true)]
    [InlineData("""{"stream":true,"model":"a"}""", true)]
    [InlineData("""{"model":"a"}""", false)]
    [InlineData("""{"model":"a","stream":false}""", false)]
    [InlineData("""{"model":"a","stream":"true"}""", false)]
    [InlineData("""{"model":"a","stream":true,"stream":null}""", false)]
    [InlineData("""{"model":"a","options":{"stream":true}}""", false)]
    [InlineData("""{"model":"stream","stream":{"stream":true}}""", false)]
    public void A_request_is_for_a_stream_only_if_its_last_member_stream_is_true(string body, bool isStream) =>
        Assert.Equal(isStream, RequestEnvelope.Read(Encoding.UTF8.GetBytes(body)).IsStream);

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_body_without_a_model_is_refused_with_the_reason(string body, string? param, string reason)
    {
        ApiError error = Refuse(Encoding.UTF8.GetBytes(body));

        Assert.Equal((400, param), (error.Status, error.Param));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_text_are_refused_wherever_they_are()
    {
        byte[] body = [.. """{"model":"a","prompt":"x"""u8, 0xFF, .. "\"}"u8];

        Assert.Contains("UTF-8", Refuse(body).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_is_refused_and_overflows_nothing()
    {
        string body = $$"""{"model":"a","x":{{new string('[', 100_000)}}{{new string(']', 100_000)}}}""";

        Assert.Equal(400, Refuse(Encoding.UTF8.GetBytes(body)).Status);
    }

    [Theory]
    [InlineData('[', ']')]
    [InlineData('{', '}')]
    public void Deep_nesting_is_told_as_what_it_is(char open, char close)
    {
        string Nested(int levels, string inner) => $$"""{"model":"a","x":{{Open(levels)}}{{inner}}{{new string(close, levels)}}}""";
        string Open(int levels) => open == '[' ? new string('[', levels) : string.Concat(Enumerable.Repeat("{\"x\": ", levels - 1)) + "{";

        Assert.Equal("a", RequestEnvelope.Read(Encoding.UTF8.GetBytes(Nested(255, ""))).Model);
        Assert.Equal("the request's JSON is nested deeper than 256 levels; send a flatter one", Refuse(Encoding.UTF8.GetBytes(Nested(256, ""))).Message);
        Assert.Contains("not valid JSON", Refuse(Encoding.UTF8.GetBytes(Nested(255, "!"))).Message, StringComparison.Ordinal);
    }

    private static ApiError Refuse(byte[] body) => Assert.Throws<ApiException>(() => RequestEnvelope.Read(body)).Error;
}
