namespace ModelRunner.Scheduling;

/// <summary>Why a runner is stopped.</summary>
public enum StopReason
{
    /// <summary>Nobody used it for its keep-alive time.</summary>
    Idle,

    /// <summary>Another model needs its place.</summary>
    Evicted,

    /// <summary>Somebody asked for it.</summary>
    Unloaded,

    /// <summary>The daemon ends.</summary>
    Shutdown,

    /// <summary>It did not answer a health check, and a request or an unload waits for it.</summary>
    Stuck,

    /// <summary>No request can connect to it.</summary>
    Unreachable,
}
