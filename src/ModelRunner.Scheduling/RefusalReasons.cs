namespace ModelRunner.Scheduling;

/// <summary>The text of each reason, for error responses and the list of decisions.</summary>
public static class RefusalReasons
{
    /// <summary>The reason in lower case with underscores, such as <c>queue_full</c>. A published value never changes.</summary>
    public static string ToLabelValue(this RefusalReason reason) => reason switch
    {
        RefusalReason.QueueFull => "queue_full",
        RefusalReason.ModelQueueFull => "model_queue_full",
        RefusalReason.QueueTimeout => "queue_timeout",
        RefusalReason.StartFailed => "runner_start_failed",
        RefusalReason.Backoff => "runner_backoff",
        RefusalReason.OutOfMemory => "out_of_memory",
        RefusalReason.NoCapacity => "no_room",
        RefusalReason.Unloading => "unloading",
        RefusalReason.ShuttingDown => "shutting_down",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "Not a reason of the list."),
    };
}
