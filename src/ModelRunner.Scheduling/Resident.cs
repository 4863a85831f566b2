namespace ModelRunner.Scheduling;

/// <summary>
/// A model that is loaded without a request: at start, and again when there is room and no request waits. It is not stopped because it is idle,
/// but another model may have its room.
/// </summary>
/// <param name="Key">What is loaded.</param>
/// <param name="Demand">What its runner needs.</param>
public sealed record Resident(RunnerKey Key, RunnerDemand Demand)
{
    /// <summary>Whether it would be started as in the previous list: with the same file and settings. Then its failed starts still count.</summary>
    public bool IsUnchanged { get; init; }
}
