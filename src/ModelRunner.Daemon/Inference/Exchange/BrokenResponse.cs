using System.Text;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>The last event of a stream that its runner broke off.</summary>
internal static class BrokenResponse
{
    private const string Message = "the response was cut off: the runner of the model was stopped or ended; send the request again";

    /// <summary>
    /// The error event in the format that a route's clients understand: OpenAI's, or the named events of Anthropic's messages and OpenAI's
    /// responses. An empty line first ends an event that lacks only that line; readers ignore it elsewhere.
    /// </summary>
    /// <param name="path">The route at the runner.</param>
    /// <param name="reason">Why the runner ended, one of a closed list; null: that is not known, or it did not fail.</param>
    public static byte[] EventFor(string path, string? reason)
    {
        string member = reason is null ? "" : $",\"reason\":\"{reason}\"";
        string rest = $"\"param\":null,\"code\":\"answer_cut\"{member}";
        string text = NamesEvents(path)
            ? $$$"""event: error{{{"\n"}}}data: {"type":"error","error":{"message":"{{{Message}}}","type":"api_error",{{{rest}}}}}"""
            : $$$"""data: {"error":{"message":"{{{Message}}}","type":"server_error",{{{rest}}}}}""";
        return Encoding.UTF8.GetBytes($"\n\n{text}\n\n");
    }

    /// <summary>Whether the events of a route have names.</summary>
    /// <param name="path">The route at the runner, with or without a slash in front.</param>
    public static bool NamesEvents(string path) =>
        path.EndsWith("v1/messages", StringComparison.Ordinal) || path.EndsWith("v1/responses", StringComparison.Ordinal);
}
