namespace ModelRunner.Scheduling;

/// <summary>
/// How much memory all managed runners may take together was measured again. It replaces <see cref="SchedulerSettings.MemoryBudgetBytes"/>
/// for decisions about starts; a runner that is ready is not stopped because of it.
/// </summary>
/// <param name="BudgetBytes">What is free now, with what the runners hold already; null: not known.</param>
public sealed record MemoryMeasured(long? BudgetBytes) : SchedulerEvent;
