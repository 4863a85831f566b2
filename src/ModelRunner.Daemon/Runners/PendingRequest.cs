using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>One request, from its arrival until it is admitted or refused. Thread-safe.</summary>
internal sealed class PendingRequest(RequestId id, RunnerKey key, ModelEntry model)
{
    private readonly TaskCompletionSource<AcquireOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public RequestId Id { get; } = id;

    public RunnerKey Key { get; } = key;

    /// <summary>Its model. The scheduler loop replaces it if the context depends on the free memory.</summary>
    public ModelEntry Model { get; set; } = model;

    /// <summary>Gets its place in the queue; null: nobody asks.</summary>
    public QueueNotice? Notice { get; init; }

    /// <summary>The bytes that it needs beyond the estimate from the header, because they were measured; less than 0: it needs less.</summary>
    public long MeasuredSurplus { get; set; }

    /// <summary>The graphics cards that it may use, by the names of the engine's devices; null: none, or they are not known.</summary>
    public IReadOnlyDictionary<string, string>? Cards { get; set; }

    /// <summary>As <see cref="MeasuredSurplus"/>, of all graphics cards together.</summary>
    public long MeasuredCardSurplus { get; set; }

    /// <summary>Knows what other models need; null: no advice names them.</summary>
    public RunnerDemands? Demands { get; set; }

    /// <summary>What the client says about its scheduling.</summary>
    public RequestWishes Wishes { get; init; }

    public Task<AcquireOutcome> Outcome => _outcome.Task;

    /// <summary>Admits the request. Returns false if the client disconnected before; the caller must then end the request.</summary>
    public bool TryAdmit(RunnerLease lease) => _outcome.TrySetResult(new AcquireOutcome(lease, Refusal: null));

    /// <summary>Refuses the request.</summary>
    public void Refuse(Refuse refusal) => _outcome.TrySetResult(new AcquireOutcome(Lease: null, refusal));

    /// <summary>The message of a refusal, with advice if that is possible.</summary>
    public string Explain(Refuse refusal) => refusal.Limits is { } limits
        ? string.Join("; ", new[] { refusal.Message, OfDraft, Advise(limits), AdviseVariants(limits) }.OfType<string>())
        : refusal.Message;

    private string? OfDraft => MemoryAdvice.OfDraft(Model, Key.Mode, isNamed: !Wishes.HidesDraft);

    private string? AdviseVariants(MemoryLimits limits) =>
        Demands is { } demands && Wishes.Variants?.Invoke() is { } variants ? VariantAdvice.For(variants, Key.Mode, limits, demands) : null;

    private string? Advise(MemoryLimits limits)
    {
        long limit = (limits.Bytes ?? MemoryRoom.Unlimited) - MeasuredSurplus;
        long alone = (limits.AloneBytes ?? MemoryRoom.Unlimited) - MeasuredSurplus;
        return MemoryAdvice.For(
            Model, Key.Mode, new MemoryRoom(limit, Cards, limits.Cards, MeasuredCardSurplus),
            new MemoryRoom(alone, Cards, limits.AloneCards, MeasuredCardSurplus));
    }

    public void Cancel(CancellationToken clientLeft) => _outcome.TrySetCanceled(clientLeft);
}
