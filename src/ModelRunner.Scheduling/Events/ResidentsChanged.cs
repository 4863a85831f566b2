namespace ModelRunner.Scheduling;

/// <summary>The models that are loaded without a request. The list replaces the previous one.</summary>
public sealed record ResidentsChanged(IReadOnlyList<Resident> Residents) : SchedulerEvent
{
    /// <summary>Whether models that the previous list had too, and that an unload stopped, stay away. Otherwise they come back.</summary>
    public bool KeepsUnloaded { get; init; }
}
