namespace ModelRunner.Scheduling;

/// <summary>The state of a runner.</summary>
public enum RunnerState
{
    /// <summary>The process is starting or loading its model.</summary>
    Loading,

    /// <summary>It serves requests.</summary>
    Ready,

    /// <summary>It is being stopped, and its process has not ended yet.</summary>
    Stopping,

    /// <summary>Its last start failed, or its process crashed. The next request after the backoff starts it again.</summary>
    Failed,

    /// <summary>Requests wait for it and it has no process: there is no free capacity, or its backoff has not passed.</summary>
    Waiting,
}
