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

    /// <summary>It gives no sign of life, and somebody waits until it is done.</summary>
    Stuck,
}
