using System.Text;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>What a client is told about a response that is not complete because its runner ended or is stopped.</summary>
internal static class BrokenResponse
{
    /// <summary>The code of such errors.</summary>
    public const string Code = "answer_cut";

    /// <summary>The cause, as a clause.</summary>
    /// <param name="reason">Why the runner ended or is stopped; null: that is not known.</param>
    public static string CauseOf(StopReason? reason) => reason switch
    {
        StopReason.Shutdown => "the daemon ends",
        StopReason.Unloaded => "the model was unloaded",
        StopReason.Evicted => "another model needed the memory or the place of this one",
        StopReason.Outdated => "the files or the settings of the model changed",
        _ => "the runner of the model was stopped or ended",
    };

    /// <summary>
    /// The error event in the format that a route's clients understand: OpenAI's, or the named events of Anthropic's messages and OpenAI's
    /// responses. An empty line first ends an event that lacks only that line; readers ignore it elsewhere.
    /// </summary>
    /// <param name="path">The route at the runner.</param>
    /// <param name="reason">Why the runner ended or is stopped; null: that is not known.</param>
    public static byte[] EventFor(string path, StopReason? reason)
    {
        string message = $"the response was cut off: {CauseOf(reason)}; send the request again";
        string member = reason is { } known ? $",\"reason\":\"{known.ToLabelValue()}\"" : "";
        string rest = $"\"param\":null,\"code\":\"{Code}\"{member}";
        string text = NamesEvents(path)
            ? $$$"""event: error{{{"\n"}}}data: {"type":"error","error":{"message":"{{{message}}}","type":"api_error",{{{rest}}}}}"""
            : $$$"""data: {"error":{"message":"{{{message}}}","type":"server_error",{{{rest}}}}}""";
        return Encoding.UTF8.GetBytes($"\n\n{text}\n\n");
    }

    /// <summary>Whether the events of a route have names.</summary>
    /// <param name="path">The route at the runner, with or without a slash in front.</param>
    public static bool NamesEvents(string path) =>
        path.EndsWith("v1/messages", StringComparison.Ordinal) || path.EndsWith("v1/responses", StringComparison.Ordinal);
}
