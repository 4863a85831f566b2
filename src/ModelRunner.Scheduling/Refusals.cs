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

    /// <summary>Refuses a request for whose model as many requests wait as may wait.</summary>
    internal static Refuse ModelQueueFull(RequestId request, ManagedRunnerState runner, SchedulerSettings settings) =>
        new(request, RefusalReason.ModelQueueFull, Text($"{DescribeModelQueue(runner, settings)}; {RaiseQueue(runner)}"), Soon);

    /// <summary>Refuses a background request whose place in the full queue of its model an interactive one takes.</summary>
    internal static Refuse DisplacedInModel(RequestId request, ManagedRunnerState runner, SchedulerSettings settings) =>
        new(request, RefusalReason.ModelQueueFull,
            Text($"{DescribeModelQueue(runner, settings)}, and an interactive request took the place of this background request; {RaiseQueue(runner)}"),
            Soon);

    /// <summary>Refuses a request that waited too long for the end of others of its model.</summary>
    internal static Refuse Concurrency(RequestId request, ManagedRunnerState runner, SchedulerSettings settings) =>
        new(request, RefusalReason.QueueTimeout,
            Text($"model \"{runner.Key.Model}\" answers {runner.Concurrency} request{(runner.Concurrency == 1 ? "" : "s")} at a time (concurrency of the model), and none ended in time for this request within {DescribeTimeout(runner, settings)}; try again later or raise concurrency"),
            Soon);

    internal static Refuse QueueTimeout(RequestId request, ManagedRunnerState runner, SchedulerSettings settings) =>
        new(request, RefusalReason.QueueTimeout,
            Text($"no capacity for model \"{runner.Key.Model}\" became free within {DescribeTimeout(runner, settings)} because other models are busy; try again later or raise limits.maxRunners"),
            Soon);

    /// <summary>Refuses a request for a model that needs more than there is.</summary>
    /// <param name="request">The request.</param>
    /// <param name="runner">The runner that the model would have.</param>
    /// <param name="pinned">What pinned runners use.</param>
    /// <param name="settings">The limits.</param>
    internal static Refuse OutOfMemory(RequestId request, ManagedRunnerState runner, CapacityUse pinned, SchedulerSettings settings)
    {
        long needed = NeededWith(runner, new CapacityUse([]), settings);
        string message = settings.MemoryBudgetBytes is { } budget && needed > budget
            ? Text($"model \"{runner.Key.Model}\" needs about {MemoryText.RoundUp(needed)} MiB, and the limit for all models together is {MemoryText.RoundDown(budget)} MiB; use a smaller model or context, raise limits.memory, or end other programs if it is not set")
            : Text($"model \"{runner.Key.Model}\" needs about {DescribeNeed(runner.Demand.Cards!)}, and the limit for all models together is {DescribeLimits(runner.Demand.Cards!, settings)}; put fewer layers on the card, use a smaller model or context, or end other programs that use the card");
        return new Refuse(request, RefusalReason.OutOfMemory, message, RetryAfter: null) { Limits = MemoryLimits.Of(runner, pinned, settings) };
    }

    /// <summary>Refuses a request that needs the capacity of pinned runners, which only an unload stops.</summary>
    internal static Refuse NoCapacity(RequestId request, ManagedRunnerState runner, CapacityUse pinned, SchedulerSettings settings)
    {
        if (!Capacity.CanEverStart(runner, settings))
            return OutOfMemory(request, runner, pinned, settings);
        if (pinned.Count >= settings.MaxRunners)
            return new(request, RefusalReason.NoCapacity,
                Text($"models with an unlimited keep-alive reach the limit of runners (limits.maxRunners is {settings.MaxRunners}), so \"{runner.Key.Model}\" cannot start; unload one of them"),
                RetryAfter: null);

        long needed = NeededWith(runner, pinned, settings);
        string message = settings.MemoryBudgetBytes is { } budget && needed > budget - pinned.Bytes
            ? Text($"model \"{runner.Key.Model}\" needs about {MemoryText.RoundUp(needed)} MiB, and models with an unlimited keep-alive use {MemoryText.RoundUp(pinned.Bytes)} of {MemoryText.RoundDown(budget)} MiB (limits.memory); unload one of them")
            : Text($"model \"{runner.Key.Model}\" needs about {DescribeNeed(runner.Demand.Cards!)}, and models with an unlimited keep-alive use {DescribeUse(runner.Demand.Cards!, pinned, settings)}; unload one of them");
        return new Refuse(request, RefusalReason.OutOfMemory, message, RetryAfter: null) { Limits = MemoryLimits.Of(runner, pinned, settings) };
    }

    public static Refuse StartFailed(RequestId request, RunnerKey key, RunnerFailure failure, TimeSpan retryAfter) =>
        new(request, RefusalReason.StartFailed, $"model \"{key.Model}\" could not be started: {failure.Message}", retryAfter)
        {
            FailureReason = failure.Reason,
        };

    /// <summary>Refuses a request whose runner is not started, because somebody wants that. A retry does not help.</summary>
    internal static Refuse StartCancelled(RequestId request, RunnerKey key, RunnerFailure failure) =>
        StartFailed(request, key, failure, retryAfter: default) with { RetryAfter = null };

    public static Refuse Backoff(RequestId request, RunnerKey key, RunnerFailure? failure, TimeSpan retryAfter) =>
        new(request, RefusalReason.Backoff,
            Text($"model \"{key.Model}\" failed and can be started again in {Math.Ceiling(retryAfter.TotalSeconds):0} s: {failure?.Message}"),
            retryAfter)
        {
            FailureReason = failure?.Reason,
        };

    private static string DescribeModelQueue(ManagedRunnerState runner, SchedulerSettings settings)
    {
        int limit = runner.MaxQueued(settings);
        string setting = runner.Queue.MaxRequests is null ? "limits.maxQueuedPerModel" : "maxQueued of the model";
        return Text($"{(limit == 1 ? "1 request waits" : Text($"{limit} requests wait"))} for model \"{runner.Key.Model}\" already, which is the limit ({setting})");
    }

    private static string RaiseQueue(ManagedRunnerState runner) =>
        $"try again later or raise {(runner.Queue.MaxRequests is null ? "limits.maxQueuedPerModel" : "maxQueued")}";

    private static string DescribeTimeout(ManagedRunnerState runner, SchedulerSettings settings) =>
        Text($"{runner.QueueTimeout(settings).TotalSeconds:0.###} s ({(runner.Queue.Timeout is null ? "limits.queueTimeout" : "queueTimeout of the model")})");

    // With what would be in main memory because the cards have too little.
    private static long NeededWith(ManagedRunnerState runner, CapacityUse use, SchedulerSettings settings) => runner.MemoryBytes
        + (CardPlacement.Of(runner.Demand.Cards, settings.CardBudgets, use.On, runner.Demand.Cards?.Margin is not null)?.SpilledBytes ?? 0);

    private static string DescribeNeed(CardDemand demand) => demand.Fixed.Count > 0 && demand.SharedBytes == 0
        ? string.Join(" and ", demand.Fixed.Select(static share => Text($"{MemoryText.RoundUp(share.Bytes)} MiB on graphics card {share.Card}")))
        : Text($"{MemoryText.RoundUp(demand.TotalBytes)} MiB on graphics cards");

    private static string DescribeLimits(CardDemand demand, SchedulerSettings settings) =>
        string.Join(" and ", demand.CardNames.Select(card => Text($"{LimitOf(card, settings)} MiB on {card}")));

    private static string DescribeUse(CardDemand demand, CapacityUse pinned, SchedulerSettings settings) =>
        string.Join(" and ", demand.CardNames.Select(card => Text($"{MemoryText.RoundUp(pinned.On(card))} of {LimitOf(card, settings)} MiB on {card}")));

    private static string LimitOf(string card, SchedulerSettings settings) =>
        settings.CardBudgets?.TryGetValue(card, out long bytes) is true ? MemoryText.RoundDown(bytes) : "an unknown number of";

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
