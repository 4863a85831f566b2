namespace ModelRunner.Scheduling;

/// <summary>Why a request is refused.</summary>
public enum RefusalReason
{
    /// <summary>Too many requests wait already.</summary>
    QueueFull,

    /// <summary>It waited for longer than <see cref="SchedulerSettings.QueueTimeout"/>.</summary>
    QueueTimeout,

    /// <summary>The runner could not be started.</summary>
    StartFailed,

    /// <summary>The runner's last start failed and the backoff has not passed.</summary>
    Backoff,

    /// <summary>The model needs more memory than the budget holds.</summary>
    OutOfMemory,

    /// <summary>Runners that are kept for ever take all the places there are.</summary>
    NoRoom,

    /// <summary>The runner is being unloaded on request.</summary>
    Unloading,

    /// <summary>The daemon ends.</summary>
    ShuttingDown,
}
