namespace ModelRunner.Daemon.Runners;

/// <summary>Whether an attached server can serve.</summary>
internal enum AttachedState
{
    /// <summary>It answers.</summary>
    Ready,

    /// <summary>It says that it is not ready yet (503).</summary>
    Loading,

    /// <summary>It took no connection, or ended it before it answered.</summary>
    Refused,

    /// <summary>It did not answer in time.</summary>
    Silent,
}
