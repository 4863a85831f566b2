namespace ModelRunner.Scheduling;

/// <summary>What a start waits for.</summary>
public enum DelayCause
{
    /// <summary>Runners that are being stopped for it, or that stop anyway.</summary>
    Stopping,

    /// <summary>Runners that cannot be stopped now: they are loading, answering requests, or pinned.</summary>
    Busy,

    /// <summary>Runners that are idle and keep their place for a short time, because they were loaded or used just now.</summary>
    Staying,

    /// <summary>The start of a model whose requests come first.</summary>
    Queue,
}
