namespace ModelRunner.Reliability.Soak;

/// <summary>What a soak checks. The last line of its report names those that failed, in lower case.</summary>
internal enum SoakCriterion
{
    /// <summary>No response is wrong or late, and none fails without a fault or an unload as its reason.</summary>
    Responses,

    /// <summary>Each scrape over the socket brings a valid page in time.</summary>
    Scrapes,

    /// <summary>Prometheus is never told that the daemon is down, and drops no sample.</summary>
    Prometheus,

    /// <summary>Promtool accepts the page of each rest.</summary>
    Pages,

    /// <summary>No rest finds a child or a zombie of the daemon.</summary>
    Processes,

    /// <summary>No rest finds many more threads or open files than the first one.</summary>
    Sizes,

    /// <summary>The daemon lives until the end.</summary>
    Daemon,

    /// <summary>Nothing grows over the time, and there are enough measurements to say so.</summary>
    Slopes,
}
