using ModelRunner.Telemetry;

namespace ModelRunner.Daemon.Accounting;

/// <summary>The values of labels for the closed lists of this folder.</summary>
internal static class AccountLabels
{
    public static string ToLabelValue(this RequestOutcome outcome) => outcome switch
    {
        RequestOutcome.Completed => "completed",
        RequestOutcome.ClientClosed => "client_closed",
        RequestOutcome.RunnerFailed => "runner_failed",
        RequestOutcome.Refused => "refused",
        RequestOutcome.Invalid => "invalid",
        RequestOutcome.Lost => "lost",
        _ => "error",
    };

    public static string ToLabelValue(this StatusClass status) => status switch
    {
        StatusClass.None => "none",
        StatusClass.Successful => "2xx",
        StatusClass.Redirection => "3xx",
        StatusClass.ClientError => "4xx",
        _ => "5xx",
    };

    public static string ToLabelValue(this TokenType type) => type switch
    {
        TokenType.Prompt => "prompt",
        TokenType.Cached => "cached",
        TokenType.Generated => "generated",
        TokenType.Draft => "draft",
        _ => "draft_accepted",
    };

    public static string ToLabelValue(this DriftSource source) => source == DriftSource.Runner ? "runner" : "usage";

    public static string ToLabelValue(this LoadResult result) => result switch
    {
        LoadResult.Loaded => "loaded",
        LoadResult.Failed => "failed",
        _ => "cancelled",
    };

    public static string ToLabelValue(this SlotRestoreResult result) => result switch
    {
        SlotRestoreResult.Reused => "reused",
        SlotRestoreResult.PartlyReused => "partly_reused",
        SlotRestoreResult.NotReused => "not_reused",
        SlotRestoreResult.Unused => "unused",
        SlotRestoreResult.Unverified => "unverified",
        SlotRestoreResult.Refused => "refused",
        SlotRestoreResult.Incomplete => "incomplete",
        SlotRestoreResult.Damaged => "damaged",
        SlotRestoreResult.Timeout => "timeout",
        _ => "runner_ended",
    };

    public static string ToLabelValue(this SlotSaveResult result) => result switch
    {
        SlotSaveResult.Saved => "saved",
        SlotSaveResult.Unchanged => "unchanged",
        SlotSaveResult.TooShort => "too_short",
        SlotSaveResult.Busy => "busy",
        SlotSaveResult.TooLarge => "too_large",
        SlotSaveResult.NoSpace => "no_space",
        SlotSaveResult.Unwritable => "unwritable",
        SlotSaveResult.Refused => "refused",
        _ => "timeout",
    };

    public static string ToLabelValue(this FigureSource source) => source switch
    {
        FigureSource.Timings => "timings",
        FigureSource.Usage => "usage",
        FigureSource.Events => "events",
        _ => "none",
    };

    public static string ToLabelValue(this FinishReason finish) => finish switch
    {
        FinishReason.None => "none",
        FinishReason.Stop => "stop",
        FinishReason.Length => "length",
        FinishReason.ToolCalls => "tool_calls",
        FinishReason.ContentFilter => "content_filter",
        FinishReason.Error => "error",
        _ => "other",
    };

    /// <summary>Why a request was not successful, from the closed lists of outcomes and classes of status; null: it was.</summary>
    public static string? ErrorTypeOf(RequestOutcome outcome, StatusClass status) =>
        outcome != RequestOutcome.Completed ? outcome.ToLabelValue()
        : status is StatusClass.ClientError or StatusClass.ServerError ? status.ToLabelValue()
        : null;

    /// <summary>Reads an outcome; an unknown word is an error.</summary>
    public static RequestOutcome ParseOutcome(string text) => Find(text, RequestOutcome.Error, static outcome => outcome.ToLabelValue());

    /// <summary>Reads a class of status; an unknown word is none.</summary>
    public static StatusClass ParseStatus(string text) => Find(text, StatusClass.None, static status => status.ToLabelValue());

    /// <summary>Reads a source; an unknown word is none.</summary>
    public static FigureSource ParseSource(string text) => Find(text, FigureSource.None, static source => source.ToLabelValue());

    private static T Find<T>(string text, T fallback, Func<T, string> labelOf)
        where T : struct, Enum
    {
        foreach (T value in Enum.GetValues<T>())
            if (labelOf(value) == text)
                return value;
        return fallback;
    }
}
