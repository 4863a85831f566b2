namespace ModelRunner.Scheduling;

/// <summary>These processes would be started in another way now. Each is stopped as soon as it is idle.</summary>
/// <param name="Runners">The starts and the reasons. A start that has ended is ignored.</param>
public sealed record RunnersOutdated(IReadOnlyDictionary<RunnerId, OutdatedReason> Runners) : SchedulerEvent;
