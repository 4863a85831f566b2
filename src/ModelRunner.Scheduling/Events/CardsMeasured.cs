namespace ModelRunner.Scheduling;

/// <summary>
/// The memory of graphics cards was measured. It limits starts from now on. No ready runner is stopped because of it.
/// </summary>
/// <param name="Budgets">For each card the free memory in bytes plus the memory that the runners hold on it; null: unknown.</param>
public sealed record CardsMeasured(IReadOnlyDictionary<string, long>? Budgets) : SchedulerEvent;
