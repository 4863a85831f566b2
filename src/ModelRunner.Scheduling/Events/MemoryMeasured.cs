namespace ModelRunner.Scheduling;

/// <summary>
/// The memory for all managed runners was measured. The value replaces <see cref="SchedulerSettings.MemoryBudgetBytes"/> for decisions about
/// starts. No ready runner is stopped because of it.
/// </summary>
/// <param name="BudgetBytes">The free memory in bytes plus the memory that the runners hold; null: unknown.</param>
public sealed record MemoryMeasured(long? BudgetBytes) : SchedulerEvent;
