namespace ModelRunner.Daemon.Accounting;

/// <summary>How the load of a model ended.</summary>
internal enum LoadResult
{
    /// <summary>Its runner became ready.</summary>
    Loaded,

    /// <summary>Its runner could not be started, ended, or was not ready in time.</summary>
    Failed,

    /// <summary>Its runner was stopped before it was ready, for instance by an unload.</summary>
    Cancelled,
}
