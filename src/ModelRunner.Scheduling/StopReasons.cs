namespace ModelRunner.Scheduling;

/// <summary>The text of each reason, for labels, logs and responses.</summary>
public static class StopReasons
{
    /// <summary>Whether an end with this reason was asked for. Every other end is a crash, and has a <see cref="CrashClass"/>.</summary>
    public static bool IsRequested(this StopReason reason) =>
        reason is StopReason.Idle or StopReason.Evicted or StopReason.Unloaded or StopReason.Shutdown or StopReason.Outdated;

    /// <summary>The reason in lower case with underscores, such as <c>out_of_memory</c>. A published value never changes.</summary>
    public static string ToLabelValue(this StopReason reason) => reason switch
    {
        StopReason.Idle => "idle",
        StopReason.Evicted => "evicted",
        StopReason.Unloaded => "unloaded",
        StopReason.Shutdown => "shutdown",
        StopReason.Outdated => "outdated",
        StopReason.Stuck => "stuck",
        StopReason.Unreachable => "unreachable",
        StopReason.Stalled => "stalled",
        StopReason.Exited => "exited",
        StopReason.Crashed => "crashed",
        StopReason.Killed => "killed",
        StopReason.OutOfMemory => "out_of_memory",
        StopReason.ModelMissing => "model_missing",
        StopReason.ModelInvalid => "model_invalid",
        StopReason.ModelUnsupported => "model_unsupported",
        StopReason.Argument => "argument",
        StopReason.Socket => "socket",
        StopReason.NotStarted => "not_started",
        StopReason.LoadTimeout => "load_timeout",
        StopReason.WrongModel => "wrong_model",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "Not a reason of the list."),
    };
}
