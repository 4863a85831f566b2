namespace ModelRunner.Scheduling;

/// <summary>
/// A resident cannot be loaded as things are: it needs more than there is, or pinned runners hold what it needs. For information: nothing has to be carried
/// out. It comes again when the numbers change, and the resident is started as soon as there is room.
/// </summary>
/// <param name="Key">The resident.</param>
/// <param name="Reason">The reason with which a request for it would be refused.</param>
/// <param name="Message">One line for the user that names the value, the limit and the remedy.</param>
/// <param name="Limits">The most memory that its runner could have; null: it is not about memory.</param>
public sealed record ResidentBlocked(RunnerKey Key, RefusalReason Reason, string Message, MemoryLimits? Limits) : SchedulerEffect;
