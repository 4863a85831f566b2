namespace ModelRunner.Scheduling;

/// <summary>The numbers of a decision about capacity, at the time of the decision.</summary>
/// <param name="NeededBytes">The estimate of the model that wants to start; 0 if unknown.</param>
/// <param name="UsedBytes">The estimates of all other runners that have a process, stopping ones included.</param>
/// <param name="LimitBytes">The most that all runners may use together; null: no limit is known.</param>
/// <param name="Runners">The number of other runners that have a process.</param>
/// <param name="MaxRunners">The most runners that may have a process.</param>
public sealed record CapacityReading(long NeededBytes, long UsedBytes, long? LimitBytes, int Runners, int MaxRunners)
{
    /// <summary>The graphics cards that the model may use; empty: none, or it is not known.</summary>
    public IReadOnlyList<CardReading> Cards { get; init; } = [];

    /// <summary>What the model gets in main memory because the cards have too little; included in <see cref="NeededBytes"/>.</summary>
    public long SpilledBytes { get; init; }

    /// <summary>The number of earlier loads that were measured for the estimate; 0: it was only computed.</summary>
    public int MeasuredLoads { get; init; }
}
