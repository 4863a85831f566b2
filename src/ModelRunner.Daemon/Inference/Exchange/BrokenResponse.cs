using System.Text;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>The last event of a stream that its runner broke off.</summary>
internal static class BrokenResponse
{
    private const string Message = "the response was cut off: the runner of the model was stopped or ended; send the request again";

    // An empty line first ends an event that lacks only that line; readers ignore it elsewhere.
    private static readonly byte[] PlainEvent = Encoding.UTF8.GetBytes(
        $$$"""


        data: {"error":{"message":"{{{Message}}}","type":"server_error","param":null,"code":"answer_cut"}}


        """);

    private static readonly byte[] NamedEvent = Encoding.UTF8.GetBytes(
        $$$"""


        event: error
        data: {"type":"error","error":{"message":"{{{Message}}}","type":"api_error","param":null,"code":"answer_cut"}}


        """);

    /// <summary>
    /// The error event in the format that a route's clients understand: OpenAI's, or the named events of Anthropic's messages and OpenAI's
    /// responses.
    /// </summary>
    /// <param name="path">The route at the runner.</param>
    public static ReadOnlySpan<byte> EventFor(string path) => NamesEvents(path) ? NamedEvent : PlainEvent;

    /// <summary>Whether the events of a route have names.</summary>
    /// <param name="path">The route at the runner, with or without a slash in front.</param>
    public static bool NamesEvents(string path) =>
        path.EndsWith("v1/messages", StringComparison.Ordinal) || path.EndsWith("v1/responses", StringComparison.Ordinal);
}
