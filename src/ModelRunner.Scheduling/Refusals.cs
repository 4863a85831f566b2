namespace ModelRunner.Scheduling;

/// <summary>Creates refusals with their messages. Thread-safe. Also used where a request is refused without the scheduler.</summary>
public static class Refusals
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    public static Refuse ShuttingDown(RequestId request) =>
        new(request, RefusalReason.ShuttingDown, "the daemon is shutting down and accepts no more requests; retry when it is running again", Soon);

    public static Refuse Unloading(RequestId request, RunnerKey key) =>
        new(request, RefusalReason.Unloading,
            $"model \"{key.Model}\" was unloaded while this request waited for it; retry to load it again",
            Soon);

    public static Refuse QueueFull(RequestId request, int limit) =>
        new(request, RefusalReason.QueueFull,
            Text($"{limit} requests are waiting already, which is the limit (limits.maxQueuedRequests); try again later"),
            Soon);

    /// <summary>Refuses a background request whose place in the full queue an interactive one takes.</summary>
    public static Refuse Displaced(RequestId request, int limit) =>
        new(request, RefusalReason.QueueFull,
            Text($"{limit} requests are waiting, which is the limit (limits.maxQueuedRequests), and an interactive request took the place of this background request; try again later"),
            Soon);

    /// <summary>Refuses a request that waited too long for the end of others of its model.</summary>
    public static Refuse Concurrency(RequestId request, RunnerKey key, TimeSpan timeout, int limit) =>
        new(request, RefusalReason.QueueTimeout,
            Text($"model \"{key.Model}\" answers {limit} requests at the same time (its member concurrency), and none of them ended in time for this request within {timeout.TotalSeconds:0.###} s (limits.queueTimeout); try again later or raise concurrency"),
            Soon);

    public static Refuse QueueTimeout(RequestId request, RunnerKey key, TimeSpan limit) =>
        new(request, RefusalReason.QueueTimeout,
            Text($"no capacity for model \"{key.Model}\" became free within {limit.TotalSeconds:0.###} s (limits.queueTimeout) because other models are busy; try again later or raise limits.maxRunners"),
            Soon);

    /// <summary>Refuses a request for a model that needs more than the whole budget.</summary>
    /// <param name="request">The request.</param>
    /// <param name="key">What it is for.</param>
    /// <param name="needed">The estimate of the model in bytes.</param>
    /// <param name="budget">The most bytes that all runners may use together.</param>
    /// <param name="pinned">The bytes of the budget that pinned runners use.</param>
    public static Refuse OutOfMemory(RequestId request, RunnerKey key, long needed, long budget, long pinned) =>
        new(request, RefusalReason.OutOfMemory,
            Text($"model \"{key.Model}\" needs about {MemoryText.RoundUp(needed)} MiB, and the limit for all models together is {MemoryText.RoundDown(budget)} MiB; use a smaller model or context, raise limits.memory, or end other programs if it is not set"),
            RetryAfter: null)
        {
            MemoryLimit = budget - pinned,
            MemoryLimitAlone = budget,
        };

    /// <summary>Refuses a request that needs the capacity of pinned runners, which only an unload stops.</summary>
    public static Refuse NoCapacity(RequestId request, RunnerKey key, long needed, long pinned, SchedulerSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.MemoryBudgetBytes is not { } budget || needed <= budget - pinned)
            return new(request, RefusalReason.NoCapacity,
                Text($"models with an unlimited keep-alive reach the limit of runners (limits.maxRunners is {settings.MaxRunners}), so \"{key.Model}\" cannot start; unload one of them"),
                RetryAfter: null);

        return needed > budget ? OutOfMemory(request, key, needed, budget, pinned) : new(request, RefusalReason.OutOfMemory,
            Text($"model \"{key.Model}\" needs about {MemoryText.RoundUp(needed)} MiB, and models with an unlimited keep-alive use {MemoryText.RoundUp(pinned)} of {MemoryText.RoundDown(budget)} MiB (limits.memory); unload one of them"),
            RetryAfter: null)
        {
            MemoryLimit = budget - pinned,
            MemoryLimitAlone = budget,
        };
    }

    public static Refuse StartFailed(RequestId request, RunnerKey key, RunnerFailure failure, TimeSpan retryAfter) =>
        new(request, RefusalReason.StartFailed, $"model \"{key.Model}\" could not be started: {failure.Message}", retryAfter)
        {
            FailureReason = failure.Reason,
        };

    public static Refuse Backoff(RequestId request, RunnerKey key, RunnerFailure? failure, TimeSpan retryAfter) =>
        new(request, RefusalReason.Backoff,
            Text($"model \"{key.Model}\" failed and can be started again in {Math.Ceiling(retryAfter.TotalSeconds):0} s: {failure?.Message}"),
            retryAfter)
        {
            FailureReason = failure?.Reason,
        };

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
