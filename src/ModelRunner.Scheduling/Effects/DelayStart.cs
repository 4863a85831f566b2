namespace ModelRunner.Scheduling;

/// <summary>A model waits for capacity. For information: nothing has to be carried out. Sent once for each wait and cause.</summary>
/// <param name="Key">What waits.</param>
/// <param name="Cause">What it waits for.</param>
/// <param name="Capacity">The numbers.</param>
public sealed record DelayStart(RunnerKey Key, DelayCause Cause, CapacityReading Capacity) : SchedulerEffect
{
    /// <summary>The model that waits longer and is served first; null unless the cause is <see cref="DelayCause.Queue"/>.</summary>
    public RunnerKey? Behind { get; init; }
}
