namespace ModelRunner.Scheduling;

/// <summary>The phase of the shutdown.</summary>
internal enum ShutdownPhase
{
    None,

    /// <summary>Running requests may finish; no request is admitted.</summary>
    Draining,

    /// <summary>Running requests are ignored; only the processes must end.</summary>
    Ending,

    /// <summary>No process is left, and <see cref="ShutdownCompleted"/> was returned.</summary>
    Ended,
}
