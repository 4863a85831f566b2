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

    /// <summary>Its last start failed, or its process ended by itself. The next request after the backoff starts it again.</summary>
    Failed,

    /// <summary>Requests wait for it. It has no process: there is no room to start it yet, or it crashed and its backoff has not passed.</summary>
    Waiting,
}
