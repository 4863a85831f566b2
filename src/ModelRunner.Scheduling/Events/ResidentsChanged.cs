namespace ModelRunner.Scheduling;

/// <summary>The models that are loaded without a request. The list replaces the previous one; what an unload stopped comes back too.</summary>
public sealed record ResidentsChanged(IReadOnlyList<Resident> Residents) : SchedulerEvent;
