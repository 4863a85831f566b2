namespace ModelRunner.Scheduling;

/// <summary>
/// A model that is loaded without a request: at start, and again when there is room and no request waits. It is not stopped because it is idle,
/// but another model may have its room.
/// </summary>
/// <param name="Key">What is loaded.</param>
/// <param name="Demand">What its runner needs.</param>
public sealed record Resident(RunnerKey Key, RunnerDemand Demand)
{
    /// <summary>Whether its file is the one that it had in the previous list, so that its failed starts still count.</summary>
    public bool HasOldFile { get; init; }
}
