namespace ModelRunner.Scheduling;

/// <summary>How far the end of the daemon is.</summary>
internal enum ShutdownPhase
{
    None,

    /// <summary>Admitted requests may finish; nothing else may begin.</summary>
    Draining,

    /// <summary>Nobody waits for requests any more, only for processes to end.</summary>
    Ending,

    /// <summary>No process is left, and that was told.</summary>
    Ended,
}
