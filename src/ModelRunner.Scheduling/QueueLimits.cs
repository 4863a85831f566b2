namespace ModelRunner.Scheduling;

/// <summary>What one model says about the requests that wait for it. Each value replaces one of <see cref="SchedulerSettings"/>.</summary>
/// <param name="MaxRequests">The most that wait for the model, in all modes; null: <see cref="SchedulerSettings.MaxQueuedPerModel"/>.</param>
/// <param name="Timeout">How long each of them may wait; null: <see cref="SchedulerSettings.QueueTimeout"/>.</param>
public readonly record struct QueueLimits(int? MaxRequests, TimeSpan? Timeout);
