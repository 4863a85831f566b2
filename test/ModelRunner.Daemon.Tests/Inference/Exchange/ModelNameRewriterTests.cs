using System.Buffers;
using System.Text;
using ModelRunner.Daemon.Inference.Exchange;

namespace ModelRunner.Daemon.Tests.Inference.Exchange;

public sealed class ModelNameRewriterTests
{
    [Theory]
    [InlineData("""{"model":"a"}""", """{"model":"B"}""")]
    [InlineData("""{ "model" : "a\"b\\" , "x":1}""", """{ "model" : "B" , "x":1}""")]
    [InlineData("""{"x":{"model":"a"},"model":"a"}""", """{"x":{"model":"a"},"model":"B"}""")]
    [InlineData("""{"x":["model",{"model":"a"}],"y":"model","model":"a"}""", """{"x":["model",{"model":"a"}],"y":"model","model":"B"}""")]
    [InlineData("""{"text":"\"model\":\"a\"","model":"a"}""", """{"text":"\"model\":\"a\"","model":"B"}""")]
    [InlineData("""{"text":"},{\\","model":""}""", """{"text":"},{\\","model":"B"}""")]
    [InlineData("""{"model":null,"models":"a","mode":"a","Model":"a"}""", """{"model":null,"models":"a","mode":"a","Model":"a"}""")]
    [InlineData("""{"model":{"model":"a"},"model":"a"}""", """{"model":{"model":"a"},"model":"B"}""")]
    [InlineData("""{"model":["a"],"x":"model"}""", """{"model":["a"],"x":"model"}""")]
    [InlineData("""[{"model":"a"}]""", """[{"model":"a"}]""")]
    [InlineData("""{"message":{"model":"a"},"model":"a"}""", """{"message":{"model":"a"},"model":"B"}""")]
    [InlineData("not JSON: \"model\":\"a\" }}]] \"", "not JSON: \"model\":\"a\" }}]] \"")]
    public void Only_the_model_of_the_outermost_object_is_replaced_wherever_the_pieces_end(string text, string expected) =>
        CheckAllPieces(text, expected, isEvents: false);

    [Theory]
    [InlineData(
        "data: {\"model\":\"a\",\"x\":1}\n\n: comment \"{\n\ndata: {\"model\":\"a\"}\r\n\r\ndata: [DONE]\n\n",
        "data: {\"model\":\"B\",\"x\":1}\n\n: comment \"{\n\ndata: {\"model\":\"B\"}\r\n\r\ndata: [DONE]\n\n")]
    [InlineData("event: x\ndata:{\"model\":\"a\nb\"}\ndata: {\"model\":\"a\"}\n", "event: x\ndata:{\"model\":\"B\"\nb\"}\ndata: {\"model\":\"B\"}\n")]
    public void Each_event_begins_anew(string text, string expected) => CheckAllPieces(text, expected, isEvents: true);

    [Theory]
    [InlineData(
        """data: {"type":"message_start","message":{"id":"model","model":"a","usage":{"model":"a"}},"model":"a"}""",
        """data: {"type":"message_start","message":{"id":"model","model":"B","usage":{"model":"a"}},"model":"B"}""")]
    [InlineData("""data: {"response":{"x":[{"model":"a"}],"model":"a"}}""", """data: {"response":{"x":[{"model":"a"}],"model":"B"}}""")]
    [InlineData("""data: {"responses":{"model":"a"},"x":{"model":"a"}}""", """data: {"responses":{"model":"a"},"x":{"model":"a"}}""")]
    [InlineData("""data: {"message":[{"model":"a"}],"x":{"model":"a"}}""", """data: {"message":[{"model":"a"}],"x":{"model":"a"}}""")]
    [InlineData("""data: {"message":"response","x":{"model":"a"}}""", """data: {"message":"response","x":{"model":"a"}}""")]
    [InlineData("""data: {"x":{"message":{"model":"a"}}}""", """data: {"x":{"message":{"model":"a"}}}""")]
    [InlineData("data: {\"message\":\ndata: {\"x\":{\"model\":\"a\"}}", "data: {\"message\":\ndata: {\"x\":{\"model\":\"a\"}}")]
    public void An_event_that_holds_the_whole_answer_has_the_name_in_that(string text, string expected) =>
        CheckAllPieces(text, expected, isEvents: true);

    private static void CheckAllPieces(string text, string expected, bool isEvents)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        for (int first = 0; first <= bytes.Length; first++)
        {
            for (int second = first; second <= bytes.Length; second++)
            {
                var rewriter = new ModelNameRewriter("B", isEvents);
                var output = new ArrayBufferWriter<byte>();
                rewriter.Write(bytes.AsSpan(0, first), output);
                rewriter.Write(bytes.AsSpan(first, second - first), output);
                rewriter.Write(bytes.AsSpan(second), output);
                Assert.Equal(expected, Encoding.UTF8.GetString(output.WrittenSpan));
            }
        }
    }
}
