namespace ModelRunner.Scheduling;

/// <summary>The models that are loaded without a request. The list replaces the previous one.</summary>
public sealed record ResidentsChanged(IReadOnlyList<Resident> Residents) : SchedulerEvent
{
    /// <summary>
    /// Whether models that the previous list had too, and that an unload stopped, stay away. Otherwise they come back, and what prevents the start of others
    /// is reported again, as after a reload.
    /// </summary>
    public bool KeepsUnloaded { get; init; }
}
