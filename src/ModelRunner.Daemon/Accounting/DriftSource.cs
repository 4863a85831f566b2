namespace ModelRunner.Daemon.Accounting;

/// <summary>What the token counts of the daemon are compared with.</summary>
internal enum DriftSource
{
    /// <summary>The counters of the runner.</summary>
    Runner,

    /// <summary>The object <c>usage</c> of the response whose <c>timings</c> were counted.</summary>
    Usage,
}
