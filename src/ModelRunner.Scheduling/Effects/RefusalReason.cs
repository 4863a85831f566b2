namespace ModelRunner.Scheduling;

/// <summary>Why a request is refused.</summary>
public enum RefusalReason
{
    /// <summary>The queue of waiting requests is full.</summary>
    QueueFull,

    /// <summary>As many requests wait for its model as may wait.</summary>
    ModelQueueFull,

    /// <summary>It waited longer than <see cref="SchedulerSettings.QueueTimeout"/>, or than the timeout of its model.</summary>
    QueueTimeout,

    /// <summary>The runner could not be started.</summary>
    StartFailed,

    /// <summary>The runner's last start failed and the backoff has not passed.</summary>
    Backoff,

    /// <summary>The model needs more memory than the budget.</summary>
    OutOfMemory,

    /// <summary>Pinned runners use the whole capacity.</summary>
    NoCapacity,

    /// <summary>The runner is being unloaded on request.</summary>
    Unloading,

    /// <summary>The daemon is shutting down.</summary>
    ShuttingDown,
}
