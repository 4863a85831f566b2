namespace ModelRunner.Scheduling;

/// <summary>What a start waits for.</summary>
public enum DelayCause
{
    /// <summary>Runners that are being stopped for it, or that stop anyway.</summary>
    Stopping,

    /// <summary>Runners that cannot be stopped now: they are loading, answering requests, or pinned.</summary>
    Busy,

    /// <summary>The start of a model that waits longer.</summary>
    Queue,
}
