using System.Globalization;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>Writes the effects of the scheduler into the list of decisions, in words. Thread-safe.</summary>
/// <param name="log">The list.</param>
/// <param name="time">The clock.</param>
/// <param name="modelOf">Returns the model of a key that is being started; null: it is not known.</param>
internal sealed class DecisionRecorder(DecisionLog log, TimeProvider time, Func<RunnerKey, ModelEntry?> modelOf)
{
    /// <summary>Records what the scheduler decided after an event.</summary>
    /// <param name="schedulerEvent">The event.</param>
    /// <param name="effects">Its effects.</param>
    /// <param name="runners">All runners before the event.</param>
    /// <param name="pending">The requests that have neither a runner nor a refusal.</param>
    public void Record(
        SchedulerEvent schedulerEvent, IReadOnlyList<SchedulerEffect> effects, IReadOnlyList<RunnerSnapshot> runners,
        IReadOnlyDictionary<RequestId, PendingRequest> pending)
    {
        foreach (SchedulerEffect effect in effects)
        {
            Decision? decision = effect switch
            {
                StartRunner start => OfStart(start, start.IsResident ? null : FirstOf(start.Key)),
                StopRunner stop => runners.FirstOrDefault(runner => runner.Id == stop.Runner)?.Key is { } key ? OfStop(stop, key) : null,
                DelayStart delay => OfDelay(delay, FirstOf(delay.Key)),
                ResidentGivenUp given => OfGivenUp(given),
                ResidentBlocked blocked => Make(DecisionKind.Refuse, blocked.Key, $"it is not preloaded: {blocked.Message}") with
                {
                    Reason = blocked.Reason.ToLabelValue(),
                },
                Refuse refusal => pending.GetValueOrDefault(refusal.Request) is { } request ? OfRefusal(refusal, request) : null,
                RunnerEnded ended => FailureOf(schedulerEvent) is { } failure && !IsStopping(ended.Runner) ? OfFailure(ended, failure) : null,
                _ => null,
            };
            if (decision is not null)
                log.Add(decision);
        }

        // Ids are given in the order of arrival.
        PendingRequest? FirstOf(RunnerKey key) => pending.Values.Where(request => request.Key == key).MinBy(static request => request.Id.Value);

        // What stops it was decided before.
        bool IsStopping(RunnerId id) => runners.Any(runner => runner.Id == id && runner.State == RunnerState.Stopping);
    }

    /// <summary>Records a refusal that the scheduler did not make.</summary>
    public void RecordRefusal(Refuse refusal, PendingRequest request) => log.Add(OfRefusal(refusal, request));

    /// <summary>Records that a runner serves requests now.</summary>
    /// <param name="key">What it serves.</param>
    /// <param name="load">The time since its start.</param>
    public void RecordReady(RunnerKey key, TimeSpan load) =>
        log.Add(Make(DecisionKind.Ready, key, $"it is ready after {load.TotalSeconds:0.0##} s"));

    /// <summary>Records that the requests of a runner make no progress.</summary>
    public void RecordStall(RunnerKey key, string cause) => log.Add(Make(DecisionKind.Stall, key, $"{cause}"));

    private Decision OfStart(StartRunner start, PendingRequest? first)
    {
        string cause = start.IsResident ? "it is preloaded, there is room and no request waits" : "a request waits for it";
        string text = $"{cause}; {Describe(start.Capacity, start.Key)}";
        if (modelOf(start.Key) is { MaxAutoContext: { } most, ContextSize: var context })
            text += string.Create(CultureInfo.InvariantCulture, $"; its context is {context} of {most} tokens (auto)");
        if (start.Evicted.Count > 0)
            text += $"; stopped for it: {string.Join(", ", start.Evicted.Select(static key => key.Model))}";
        return ForSender(Make(DecisionKind.Start, start.Key, $"{text}"), first) with { Capacity = start.Capacity };
    }

    private Decision OfStop(StopRunner stop, RunnerKey key)
    {
        string text = stop.Reason switch
        {
            StopReason.Idle => "it had no request for its keep-alive time",
            StopReason.Evicted when stop.For is { } other => $"it makes room for {other.Model}",
            StopReason.Evicted => "the limits became lower",
            StopReason.Unloaded when stop.By is { } name => $"an unload was requested with the key \"{name}\"",
            StopReason.Unloaded => "an unload was requested",
            StopReason.Shutdown => "the daemon is shutting down",
            StopReason.Outdated => OutdatedText.Of(stop.Outdated),
            _ => stop.Failure?.Message ?? stop.Reason.ToLabelValue(),
        };
        return Make(DecisionKind.Stop, key, $"{text}") with { Reason = stop.Reason.ToLabelValue(), Other = stop.For, By = stop.By };
    }

    private Decision OfDelay(DelayStart delay, PendingRequest? first)
    {
        (string reason, string text) = delay.Cause switch
        {
            DelayCause.Stopping => ("stopping", "runners that are being stopped still hold the memory or the place that it needs"),
            DelayCause.Busy => ("busy", "runners that are loading, answering requests or pinned hold the memory or the place that it needs"),
            DelayCause.Staying => ("staying", "idle runners that were loaded or used just now keep the memory or the place that it needs for a short time"),
            _ => ("queue", $"{delay.Behind?.Model} comes first"),
        };
        return ForSender(Make(DecisionKind.Wait, delay.Key, $"{text}; {Describe(delay.Capacity, delay.Key)}"), first) with
        {
            Reason = reason,
            Other = delay.Behind,
            Capacity = delay.Capacity,
        };
    }

    private Decision OfGivenUp(ResidentGivenUp given) => Make(
        DecisionKind.Fail, given.Key,
        $"it is not preloaded any more after {given.Failures} failed starts in a row; a request, a reload or another model file tries it again") with
    {
        Reason = given.Failure?.Reason.ToLabelValue(),
    };

    private Decision OfRefusal(Refuse refusal, PendingRequest request) =>
        ForSender(Make(DecisionKind.Refuse, request.Key, $"{refusal.Message}"), request) with { Reason = RefusalCodes.Of(refusal) };

    private static Decision ForSender(Decision decision, PendingRequest? request) => request?.Wishes.Sender is { } sender
        ? decision with { By = sender.Key, RequestId = sender.RequestId }
        : decision;

    private Decision OfFailure(RunnerEnded ended, RunnerFailure failure) =>
        Make(DecisionKind.Fail, ended.Key, $"{failure.Message}") with { Reason = ended.Reason.ToLabelValue() };

    private static RunnerFailure? FailureOf(SchedulerEvent schedulerEvent) => schedulerEvent switch
    {
        RunnerFailed failed => failed.Failure,
        RunnerExited exited => exited.Failure,
        _ => null,
    };

    private Decision Make(DecisionKind kind, RunnerKey key, FormattableString text) =>
        new(time.GetUtcNow(), kind, key, text.ToString(CultureInfo.InvariantCulture));

    private string Describe(CapacityReading? capacity, RunnerKey key)
    {
        if (capacity is null)
            return "";
        string needs = capacity.NeededBytes > 0
            ? $"it needs {MemoryText.RoundUp(capacity.NeededBytes)} MiB{DescribeSource(capacity.MeasuredLoads, key)}{DescribeDraft(key)}"
            : "its memory is not known before its first load (the member memory of its engine tells it), so it counts as nothing";
        string limit = capacity.LimitBytes is { } bytes ? $" of {MemoryText.RoundDown(bytes)}" : "";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{needs}, and other runners use {MemoryText.RoundUp(capacity.UsedBytes)}{limit} MiB and {capacity.Runners} of {capacity.MaxRunners} places")
            + string.Concat(capacity.Cards.Select(Describe)) + DescribeSpilled(capacity);
    }

    private string DescribeDraft(RunnerKey key) =>
        modelOf(key) is { } model && MemoryAdvice.OfDraft(model, key.Mode) is { } draft ? $", {draft}" : "";

    private static string Describe(CardReading card)
    {
        string limit = card.LimitBytes is { } bytes ? $"{MemoryText.RoundDown(bytes)} MiB" : "an unknown size";
        return $"; on graphics card {card.Card} it needs {MemoryText.RoundUp(card.NeededBytes)} MiB, "
            + $"and other runners use {MemoryText.RoundUp(card.UsedBytes)} MiB of {limit}";
    }

    private static string DescribeSpilled(CapacityReading capacity) => capacity.SpilledBytes == 0
        ? ""
        : $"; {MemoryText.RoundUp(capacity.SpilledBytes)} MiB do not fit on graphics cards, so llama-server keeps them in main memory";

    private string DescribeSource(int loads, RunnerKey key) => loads switch
    {
        0 => modelOf(key)?.Settings.MemoryBytes is not null ? " (configured)" : "",
        1 => " (measured in 1 earlier load)",
        _ => string.Create(CultureInfo.InvariantCulture, $" (measured in {loads} earlier loads)"),
    };
}
