using System.Globalization;

namespace ModelRunner.Scheduling;

/// <summary>The sentences that refused requests get, also where the shell refuses before the scheduler is asked.</summary>
public static class Refusals
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    public static Refuse ShuttingDown(RequestId request) =>
        new(request, RefusalReason.ShuttingDown, "the daemon is ending and takes no more requests; send it again when it runs", Soon);

    public static Refuse Unloading(RequestId request, RunnerKey key) =>
        new(request, RefusalReason.Unloading, $"model \"{key.Model}\" was unloaded while this request waited for it; send it again to load it", Soon);

    public static Refuse QueueFull(RequestId request, int limit) =>
        new(request, RefusalReason.QueueFull, Text($"{limit} requests wait already, which is the limit (limits.maxQueuedRequests); try again later"), Soon);

    public static Refuse QueueTimeout(RequestId request, RunnerKey key, TimeSpan limit) =>
        new(request, RefusalReason.QueueTimeout,
            Text($"no place for model \"{key.Model}\" became free within {limit.TotalSeconds:0.###} s (limits.queueTimeout), as other models are busy; try again later or raise limits.maxRunners"),
            Soon);

    public static Refuse OutOfMemory(RequestId request, RunnerKey key, long needed, long budget) =>
        new(request, RefusalReason.OutOfMemory,
            Text($"model \"{key.Model}\" needs about {MiB(needed)} MiB and all models together may take {MiB(budget)} MiB; use a smaller model or context, or raise limits.memory"),
            RetryAfter: null);

    /// <summary>Runners that nothing but an unload ends take what it would need.</summary>
    public static Refuse NoRoom(RequestId request, RunnerKey key, long needed, long pinned, SchedulerSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (settings.MemoryBudgetBytes is not { } budget || needed <= budget - pinned)
            return new(request, RefusalReason.NoRoom,
                Text($"models that are kept for ever take all {settings.MaxRunners} places (limits.maxRunners), so \"{key.Model}\" has none; unload one of them"),
                RetryAfter: null);

        return needed > budget ? OutOfMemory(request, key, needed, budget) : new(request, RefusalReason.OutOfMemory,
            Text($"model \"{key.Model}\" needs about {MiB(needed)} MiB, and models that are kept for ever hold {MiB(pinned)} of {MiB(budget)} MiB (limits.memory); unload one of them"),
            RetryAfter: null);
    }

    public static Refuse StartFailed(RequestId request, RunnerKey key, string cause, TimeSpan retryAfter) =>
        new(request, RefusalReason.StartFailed, $"model \"{key.Model}\" could not be started: {cause}", retryAfter);

    public static Refuse Backoff(RequestId request, RunnerKey key, string? cause, TimeSpan retryAfter) =>
        new(request, RefusalReason.Backoff,
            Text($"model \"{key.Model}\" failed again, and is started again after {Math.Ceiling(retryAfter.TotalSeconds):0} s: {cause}"),
            retryAfter);

    private static string MiB(long bytes) => (bytes / (1024.0 * 1024)).ToString("0", CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
