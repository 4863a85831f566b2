using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// The models that waiting requests and runners need, and how much memory their runners would need. It chooses the context of those whose context depends
/// on the free memory. Used only by the scheduler loop.
/// </summary>
/// <param name="demands">Knows what was measured.</param>
/// <param name="budget">The most bytes that all runners may use together; null: it will be measured.</param>
internal sealed class WantedModels(RunnerDemands demands, long? budget)
{
    // Of memory that was measured, other programs may need a part soon.
    private const double MeasuredShare = 0.9;

    private readonly Dictionary<RunnerKey, ModelEntry> _models = [];

    private IReadOnlyDictionary<string, long>? _cards;
    private long? _budget = budget;
    private bool _isMeasured;

    /// <summary>The model of a key; null: nothing needs it.</summary>
    public ModelEntry? Find(RunnerKey key) => _models.GetValueOrDefault(key);

    /// <summary>The configured budget is another one.</summary>
    /// <param name="bytes">The most bytes that all runners may use together; null: it will be measured.</param>
    public void SetBudget(long? bytes) => (_budget, _isMeasured) = (bytes, false);

    /// <summary>The budget was measured. Returns the event for the scheduler.</summary>
    /// <param name="bytes">The most bytes that all runners may use together; null: unknown.</param>
    public MemoryMeasured SetMeasured(long? bytes)
    {
        (_budget, _isMeasured) = (bytes, true);
        return new MemoryMeasured(bytes);
    }

    /// <summary>The graphics cards were measured. Returns the event for the scheduler.</summary>
    public CardsMeasured SetMeasured(CardsMeasured measured)
    {
        _cards = measured.Budgets;
        return measured;
    }

    /// <summary>A request has arrived. Returns what a runner for it would need.</summary>
    /// <param name="request">The request. Its model gets a context.</param>
    /// <param name="demand">What a runner would need if the context of the model does not depend on the free memory.</param>
    /// <param name="runners">All runners before the request.</param>
    public RunnerDemand Take(PendingRequest request, RunnerDemand demand, IReadOnlyList<RunnerSnapshot> runners)
    {
        request.Model = Take(request.Key, request.Model, runners);
        if (request.Model.MaxAutoContext is null && request.Model.Memory.GetValueOrDefault(request.Key.Mode)?.Graphics is null)
            return demand;
        RunnerDemand chosen = Describe(request);
        return demand with
        {
            MemoryBytes = chosen.MemoryBytes,
            LeastBytes = chosen.LeastBytes,
            MeasuredLoads = chosen.MeasuredLoads,
            Cards = chosen.Cards,
        };
    }

    /// <summary>Tells a request what was measured of its model, for the advice if it is refused. Returns what a runner for it would need.</summary>
    public RunnerDemand Describe(PendingRequest request)
    {
        RunnerDemand demand = demands.Of(request.Model, request.Key.Mode);
        MemoryEstimate? estimate = request.Model.Memory.GetValueOrDefault(request.Key.Mode);
        request.MeasuredSurplus = demand.MemoryBytes - demands.MainMemoryOf(request.Model, request.Key.Mode);
        request.Cards = estimate is null ? null : demands.CardsOf(estimate);
        request.MeasuredCardSurplus = (demand.Cards?.TotalBytes ?? 0) - (long)(estimate?.Graphics?.Total ?? 0);
        return demand;
    }

    /// <summary>A runner of this model is wanted. Returns the model with its context.</summary>
    /// <param name="key">What the runner serves.</param>
    /// <param name="model">The model.</param>
    /// <param name="runners">All runners before.</param>
    public ModelEntry Take(RunnerKey key, ModelEntry model, IReadOnlyList<RunnerSnapshot> runners)
    {
        if (model is { MaxAutoContext: { } most, Header: not null, Shape: not null })
        {
            // A runner that stops may be started again for requests that wait already.
            model = model.WithContext(Find(key) is { ContextSize: > 0 and var started } && runners.Any(runner => runner.Key == key && runner.State.IsLive())
                ? Math.Min(started, most)
                : Choose(model, key, most, runners));
        }

        return _models[key] = model;
    }

    /// <summary>Forgets the models that nothing needs any more.</summary>
    /// <param name="runners">All runners and waiting keys.</param>
    public void Keep(IReadOnlyList<RunnerSnapshot> runners)
    {
        HashSet<RunnerKey> known = [.. runners.Select(static runner => runner.Key)];
        foreach (RunnerKey key in _models.Keys.Where(key => !known.Contains(key)).ToArray())
            _models.Remove(key);
    }

    private int Choose(ModelEntry model, RunnerKey key, int mostTokens, IReadOnlyList<RunnerSnapshot> runners)
    {
        if (_budget is not { } most)
            return Math.Min(mostTokens, AutoContext.Usual);
        long usable = _isMeasured ? (long)(most * MeasuredShare) : most;
        RunnerSnapshot[] others = [.. runners.Where(runner => !runner.IsAttached && runner.Key != key
            && runner.State is RunnerState.Loading or RunnerState.Ready or RunnerState.Waiting)];
        long pinned = others.Where(static runner => runner.KeepAlive < TimeSpan.Zero && runner.State.IsLive()).Sum(static runner => runner.MemoryBytes);
        return AutoContext.Choose(
            mostTokens, usable - others.Sum(static runner => runner.MemoryBytes), most - pinned,
            tokens => Needs(demands.Of(model.WithContext(tokens), key.Mode), tokens, others));
    }

    // More than the usual context must also fit on the graphics cards beside the other models; the usual one, when those have left that may.
    private long Needs(RunnerDemand demand, int tokens, RunnerSnapshot[] others)
    {
        if (demand.Cards is not { } cards || _cards is not { } budgets)
            return demand.MemoryBytes;
        IEnumerable<CardShare> used = others
            .Where(runner => tokens > AutoContext.Usual || (runner.KeepAlive < TimeSpan.Zero && runner.State.IsLive()))
            .SelectMany(static runner => runner.Cards);
        Dictionary<string, long> free = budgets.ToDictionary(
            static budget => budget.Key, budget => budget.Value - used.Where(share => share.Card == budget.Key).Sum(static share => share.Bytes),
            StringComparer.Ordinal);
        if (cards.FitsWithin(free))
            return demand.MemoryBytes;
        return cards.Margin is null ? long.MaxValue : demand.MemoryBytes + cards.TotalBytes;
    }

}
