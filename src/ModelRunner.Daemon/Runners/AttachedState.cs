namespace ModelRunner.Daemon.Runners;

/// <summary>The health of an attached server.</summary>
internal enum AttachedState
{
    /// <summary>It responds.</summary>
    Ready,

    /// <summary>It responds that it is not ready yet (503).</summary>
    Loading,

    /// <summary>It refused the connection, or closed it before it responded.</summary>
    Refused,

    /// <summary>It did not respond in time.</summary>
    Silent,
}
