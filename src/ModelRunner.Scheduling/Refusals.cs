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
        new(request, RefusalReason.QueueFull, Text($"{limit} requests wait already, which is the limit (runners.maxQueuedRequests); try again later"), Soon);

    public static Refuse QueueTimeout(RequestId request, RunnerKey key, TimeSpan limit) =>
        new(request, RefusalReason.QueueTimeout,
            Text($"no place for model \"{key.Model}\" became free within {limit.TotalSeconds:0.###} s (runners.queueTimeout), as other models are busy; try again later or allow more runners"),
            Soon);

    public static Refuse OutOfMemory(RequestId request, RunnerKey key, long needed, long budget) =>
        new(request, RefusalReason.OutOfMemory,
            Text($"model \"{key.Model}\" needs about {MiB(needed)} MiB and all models together may take {MiB(budget)} MiB; use a smaller model or context, or raise runners.memoryBudget"),
            RetryAfter: null);

    public static Refuse StartFailed(RequestId request, RunnerKey key, string cause, TimeSpan retryAfter) =>
        new(request, RefusalReason.StartFailed, $"model \"{key.Model}\" could not be started: {cause}", retryAfter);

    public static Refuse Backoff(RequestId request, RunnerKey key, string? cause, TimeSpan retryAfter) =>
        new(request, RefusalReason.Backoff,
            Text($"model \"{key.Model}\" failed to start, and is tried again in {retryAfter.TotalSeconds:0.#} s at the earliest: {cause}"),
            retryAfter);

    private static string MiB(long bytes) => (bytes / (1024.0 * 1024)).ToString("0", CultureInfo.InvariantCulture);

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
