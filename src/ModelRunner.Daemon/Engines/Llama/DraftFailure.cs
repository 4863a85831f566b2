using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Engines.Llama;

/// <summary>
/// Tells whether llama-server ended because of the draft model. Its lines about a damaged file are the same for the model and for the draft model, so the step
/// in which they were written decides.
/// </summary>
internal static class DraftFailure
{
    /// <summary>The line with which it gives up.</summary>
    public const string Failed = "failed to load draft model";

    // It first measures the draft model, to leave room for it. If that fails, it goes on and loads the model.
    private const string NotMeasured = "failed to measure the memory of the extra model";
    private const string Begun = "loading draft model";
    private const string TheModel = "the model";

    // What it writes after the draft model was loaded.
    private static readonly string[] LaterSteps = ["load_model: initializing", "initializing slots", "model loaded"];

    /// <summary>The lines without those that it wrote while it measured the draft model.</summary>
    public static IReadOnlyList<string> WithoutMeasurement(IReadOnlyList<string> lines) =>
        [.. lines.Skip(IndexOfLast(lines, NotMeasured) + 1)];

    /// <summary>Whether it ended while it loaded the draft model.</summary>
    public static bool IsIn(IReadOnlyList<string> lines) => IndexOfLast(lines, Failed) >= 0
        || (IndexOfLast(lines, Begun) is >= 0 and var begun && LaterSteps.All(step => IndexOfLast(lines, step) < begun));

    /// <summary>The failure with the name of the draft model.</summary>
    /// <param name="failure">The failure as that of a model.</param>
    /// <param name="draft">The canonical reference of the draft model.</param>
    public static RunnerFailure Attribute(RunnerFailure failure, string draft) => failure.Reason switch
    {
        StopReason.ModelInvalid or StopReason.ModelMissing or StopReason.ModelUnsupported =>
            failure with { Message = $"{NameDraft(failure.Message)}; replace the file of the draft model {draft}, or use another draft model or none" },
        StopReason.Crashed =>
            failure with { Message = $"{failure.Message}; it was loading the draft model {draft}, whose file may be damaged: try another draft model or none" },
        _ => failure with { Message = $"{failure.Message}; it was loading the draft model {draft}" },
    };

    /// <summary>
    /// A crash that may be due to the draft model. llama-server writes its log in the background, so the last lines before a crash may be missing.
    /// </summary>
    public static RunnerFailure Suspect(RunnerFailure failure, string draft) =>
        failure with { Message = $"{failure.Message}; the cause may be the draft model {draft}: try another draft model or none" };

    // The explanation comes first, then the line of the log.
    private static string NameDraft(string message) => message.IndexOf(TheModel, StringComparison.Ordinal) is >= 0 and var start
        ? $"{message[..start]}the draft model{message[(start + TheModel.Length)..]}"
        : message;

    private static int IndexOfLast(IReadOnlyList<string> lines, string text)
    {
        for (int i = lines.Count - 1; i >= 0; i--)
            if (lines[i].Contains(text, StringComparison.Ordinal))
                return i;
        return -1;
    }
}
