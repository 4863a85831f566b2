namespace ModelRunner.Scheduling;

/// <summary>Why a runner is stopped.</summary>
public enum StopReason
{
    /// <summary>It had no request for its keep-alive time.</summary>
    Idle,

    /// <summary>Another model needs its capacity.</summary>
    Evicted,

    /// <summary>An unload was requested.</summary>
    Unloaded,

    /// <summary>The daemon is shutting down.</summary>
    Shutdown,

    /// <summary>It did not respond to a health check while a request or an unload waited for it.</summary>
    Stuck,

    /// <summary>Requests cannot connect to it.</summary>
    Unreachable,

    /// <summary>The settings of its model changed, or the model was removed from the configuration.</summary>
    Outdated,
}
