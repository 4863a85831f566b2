using System.Text;
using CsCheck;
using ModelRunner.Daemon.Inference.Exchange;

namespace ModelRunner.Daemon.Tests.Inference.Exchange;

/// <summary>In the streams, <c>USAGE</c> stands for token counts without choices, and <c>DELTA</c> for a chunk with a choice.</summary>
public sealed class UsageEventFilterTests
{
    private const string Usage = """{"id":"x","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}""";
    private const string Delta = """{"id":"x","choices":[{"delta":{"content":"a\"\n"}}],"usage":null}""";

    private static readonly Gen<string> Document = Pick(
        Usage, Delta, "[DONE]", "", " ", """{"choices":[],"usage":null}""", """{"usage":{},"choices":[]}""", """{"choices":[]}""", """{"usage":{}}""",
        """{"error":{"message":"x"}}""", """{"x":{"choices":[],"usage":{}}}""", """{"choices":[""", """{"choices":[],"usage":""", """{}}""", """],"usage":{}}""",
        """{"choices":[[]],"usage":{}}""", """{"choices":{},"usage":{}}""", """{"choices":[],"usage":[{}]}""", "true", "12", """{"a":12""", ""","choices":[],"usage":{}}""",
        """{"choices":[],"choices":[1],"usage":{}}""", """{"choices":[],"\u0075sage":{}}""", "{\"choices\"", ":[],\"usage\":{}}", "{bad",
        """{"choices":[],"usage":{},"error":{}}""", """{"error":null,"choices":[],"usage":{}}""", """{"choices":[],"usage":{},"usage":null}""");

    private static readonly Gen<string> Line = Gen.Frequency(
        (8, Gen.Select(Pick("data: ", "data:", "data:\t", "data:  "), Document).Select(static (field, text) => field + text)),
        (2, Pick(": keep-alive", ":", "event: message", "id: 1", "data", "dat", "retry: 5", " data: " + Usage, "x")),
        (5, Gen.Const("")));

    private static readonly Gen<string> Streams = Gen.Select(
        Gen.Select(Line, Pick("\n", "\r\n", "\n\n", "\r\n\r\n")).Select(static (line, end) => line + end).Array[0, 10], Line,
        static (lines, last) => string.Concat(lines) + last);

    [Theory]
    [InlineData("data: DELTA\n\ndata: USAGE\n\ndata: [DONE]\n\n", "data: DELTA\n\ndata: [DONE]\n\n")]
    [InlineData("data: DELTA\r\n\r\ndata: USAGE\r\n\r\ndata: [DONE]\r\n\r\n", "data: DELTA\r\n\r\ndata: [DONE]\r\n\r\n")]
    [InlineData("data:DELTA\n\ndata:USAGE\n\ndata:USAGE\n\ndata:[DONE]\n\n", "data:DELTA\n\ndata:[DONE]\n\n")]
    [InlineData("data: {\"choices\":[],\"usage\":null,\"error\":null,\"usage\":{}}\n\n", "")]
    [InlineData("data: USAGE", "")]
    [InlineData("data: USAGE\n", "")]
    [InlineData("data: DELTA\ndata: USAGE\ndata: [DONE]\n", "data: DELTA\ndata: [DONE]\n")]
    [InlineData(": a\n\n: b\nid: 1\n: c\nevent: x\ndata: USAGE\nid: 2\n\nid: 3\ndata: DELTA\n\n", ": a\n\n: b\nid: 3\ndata: DELTA\n\n")]
    [InlineData("data: USAGE\n: a\n\ndata: DELTA\n\n", ": a\n\ndata: DELTA\n\n")]
    public void An_event_with_counts_only_is_removed_wherever_the_pieces_end(string stream, string expected) => CheckAllPieces(stream, expected);

    [Theory]
    [InlineData("data: {\"choices\":\ndata: [],\"usage\":{}\ndata: }\n\ndata: [DONE]\n\n", "data: [DONE]\n\n")]
    [InlineData("data: {\"usage\":{\ndata:\ndata: \"a\":1\ndata: },\r\ndata:\"choices\":[]}\n\n", "")]
    [InlineData("data: {\ndata: \"choices\"\ndata:\ndata: :\ndata: []\ndata: ,\ndata: \"usage\" :\ndata: {\"a\": 12\ndata: ,\"b\":true\ndata: }}\n\n", "")]
    [InlineData("data: {\"x\":\ndata: USAGE\ndata: }\n\n", "data: {\"x\":\ndata: USAGE\ndata: }\n\n")]
    [InlineData("data: {\"choices\":[],\"usa\ndata: ge\":{}}\n\n", "data: {\"choices\":[],\"usa\ndata: ge\":{}}\n\n")]
    [InlineData("data: text\ndata: USAGE\n\ndata: USAGE\n\n", "data: text\ndata: USAGE\n\n")]
    [InlineData("data: {\"choices\":[],\"usage\":{}\n\ndata: }\n\n", "data: {\"choices\":[],\"usage\":{}\n\ndata: }\n\n")]
    public void Data_in_several_lines_are_one_document(string stream, string expected) => CheckAllPieces(stream, expected);

    [Theory]
    [InlineData("""{"choices":[],"usage":null}""")]
    [InlineData("""{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":3}}""")]
    [InlineData("""{"choices":[null],"usage":{}}""")]
    [InlineData("""{"choices":[],"prompt_filter_results":[]}""")]
    [InlineData("""{"choices":[],"usage":{},"error":{"message":"x"}}""")]
    [InlineData("""{"error":"x","choices":[],"usage":{}}""")]
    [InlineData("""{"choices":[],"usage":{},"usage":null}""")]
    [InlineData("""{"choices":null,"usage":{}}""")]
    [InlineData("""{"usage":{}}""")]
    [InlineData("""{"type":"message_delta","usage":{"output_tokens":3}}""")]
    [InlineData("""{"response":{"choices":[],"usage":{}}}""")]
    [InlineData("""[{"choices":[],"usage":{}}]""")]
    [InlineData("""{"error":{"message":"choices, usage"}}""")]
    [InlineData("""{"choices":[],"usage":{}} {}""")]
    [InlineData("""{"choices":[],"usage":{},"x\ud800":1,"us\ud800":2}""")]
    public void Every_other_event_is_passed_on(string document)
    {
        string stream = $"data: {document}\n\nevent: x\nid: 1\ndata: {document}\r\n\r\n";

        CheckAllPieces(stream, stream);
    }

    [Fact]
    public void Nothing_that_a_client_can_use_is_held_back()
    {
        var filter = new UsageEventFilter();
        foreach (string part in (string[])[
            ": keep-alive\n", "\n", $"data: {Delta}\n", "\n", $"id: 1\nevent: x\ndata: {Delta}\n", "\n", "data: {\"choices\":[],\ndata: \"usage\":null}\n",
            "\n", "data: [DONE]\n", "\n", $"data: {Delta}\n\ndata: {Delta}\n\n", "data: {\"error\":1}\n"])
        {
            Assert.Equal(part, Text(filter.Take(Encoding.UTF8.GetBytes(part))));
        }
    }

    [Theory]
    [InlineData(-100, true)]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(20_000, false)]
    public void An_event_that_is_too_long_is_passed_on_in_parts(int excess, bool isRemoved)
    {
        const string Start = """data: {"choices":[],"usage":{},"x":" """, End = "\"}\n";
        string text = Start + new string('a', UsageEventFilter.MaxHeld + excess - Start.Length - End.Length) + End;
        byte[] stream = Encoding.UTF8.GetBytes($"{text}\r\ndata: {Usage}\n\ndata: {Delta}\n\n");
        string expected = (isRemoved ? "" : $"{text}\r\n") + $"data: {Delta}\n\n";

        foreach (int size in (int[])[1, 4096, 16 * 1024, stream.Length])
            Assert.True(expected == Filter(stream, stream.Chunk(size)), $"{size}");
    }

    [Fact]
    public void Random_streams_are_filtered_as_by_the_slow_filter() => Gen.Select(Streams, Gen.Int[0, 1 << 20], Gen.Int[0, 1 << 20]).Sample(
        static (text, first, second) =>
        {
            byte[] stream = Encoding.UTF8.GetBytes(text);
            string expected = ReferenceUsageFilter.Filter(text);
            int[] cuts = [.. new[] { first % (stream.Length + 1), second % (stream.Length + 1) }.Order()];

            Assert.Equal(expected, Filter(stream, [stream[..cuts[0]], stream[cuts[0]..cuts[1]], stream[cuts[1]..]]));
            Assert.Equal(expected, Filter(stream, stream.Chunk(1)));
        },
        iter: 20_000);

    private static void CheckAllPieces(string text, string expected)
    {
        text = Expand(text);
        byte[] stream = Encoding.UTF8.GetBytes(text);
        expected = Expand(expected);
        Assert.Equal(expected, ReferenceUsageFilter.Filter(text));
        for (int first = 0; first <= stream.Length; first++)
            for (int second = first; second <= stream.Length; second++)
                Assert.Equal(expected, Filter(stream, [stream[..first], stream[first..second], stream[second..]]));
    }

    private static string Expand(string text) =>
        text.Replace("USAGE", Usage, StringComparison.Ordinal).Replace("DELTA", Delta, StringComparison.Ordinal);

    private static string Filter(byte[] stream, IEnumerable<byte[]> parts)
    {
        var filter = new UsageEventFilter();
        var output = new MemoryStream(stream.Length);
        foreach (byte[] part in parts)
            output.Write(filter.Take(part));
        output.Write(filter.End());
        return Text(output.GetBuffer().AsSpan(0, (int)output.Length));
    }

    private static Gen<string> Pick(params string[] choices) => Gen.Int[0, choices.Length - 1].Select(index => choices[index]);

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
