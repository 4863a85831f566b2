namespace ModelRunner.Reliability.Chaos;

/// <summary>What the model that is hit does when the fault begins.</summary>
internal enum Phase
{
    /// <summary>It is loaded and has no requests.</summary>
    Idle,

    /// <summary>It is loaded for a request that waits.</summary>
    Loading,

    /// <summary>It sends a stream.</summary>
    Streaming,

    /// <summary>It is unloaded, and its process takes a while to end.</summary>
    Stopping,

    /// <summary>Its page is read, and takes a while.</summary>
    Scraping,
}
