namespace ModelRunner.Scheduling;

/// <summary>Where a runner is in its life.</summary>
public enum RunnerState
{
    /// <summary>The process was asked for and is not ready yet; it may be loading its model.</summary>
    Loading,

    /// <summary>It answers requests.</summary>
    Ready,

    /// <summary>It was asked to stop and its process has not ended yet.</summary>
    Stopping,

    /// <summary>Its last start failed and the next one waits for the backoff to pass.</summary>
    Failed,
}
