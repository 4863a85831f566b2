namespace ModelRunner.Scheduling;

/// <summary>What a start waits for.</summary>
public enum DelayCause
{
    /// <summary>Runners that are being stopped for it, or that stop anyway.</summary>
    Stopping,

    /// <summary>Runners that are answering requests.</summary>
    Busy,

    /// <summary>The start of a model that waits longer.</summary>
    Queue,
}
