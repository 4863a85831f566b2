using ModelRunner.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// Finds the models with <c>preload</c> and tells the pool to load them: at start, and after each reload. If the store cannot be read in time, it looks
/// again. As long as a model cannot be preloaded, or is not any more because its starts failed, it looks for another file of it.
/// Thread-safe: the settings of the last call win, and an earlier call that still looks for models stops.
/// </summary>
/// <param name="catalog">Finds the models.</param>
/// <param name="settings">Returns the current settings.</param>
/// <param name="pool">Loads the models.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
/// <param name="pulls">Pulls the models that are not there, if <c>pullOnRequest</c> is on; null: they are not pulled.</param>
internal sealed partial class ResidentLoader(
    ModelCatalog catalog, Func<DaemonSettings> settings, RunnerPool pool, TimeProvider time, ILogger<ResidentLoader> logger, ResidentPulls? pulls = null)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FileInterval = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();

    // A model that was here and is not any more was removed, or its disk is away. It is not pulled.
    private readonly HashSet<string> _present = new(StringComparer.Ordinal);
    private ResidentSearch? _search;
    private volatile IReadOnlyList<ResidentProblem> _problems = [];

    /// <summary>Why models with <c>preload</c> were not found, or can never be loaded; one sentence for each.</summary>
    public IReadOnlyList<string> Problems => [.. _problems.Select(Describe)];

    /// <summary>Applies the settings of the start or of a reload. Completes when the models are found, not when they are loaded.</summary>
    public Task ApplyAsync(CancellationToken cancellationToken) => ApplyAsync(isChange: false, cancellationToken);

    /// <summary>The same after a change of a client. Models that an unload stopped stay away, and warnings are not repeated.</summary>
    public Task ApplyChangeAsync(CancellationToken cancellationToken) => ApplyAsync(isChange: true, cancellationToken);

    private async Task ApplyAsync(bool isChange, CancellationToken cancellationToken)
    {
        ResidentSearch search;
        lock (_gate)
            search = _search = isChange && _search is { } last ? last.Continue() : new ResidentSearch();
        if (await TryApplyAsync(search, cancellationToken) is { } isRead)
            _ = FollowAsync(search, isRead, cancellationToken);
    }

    /// <summary>Looks for other files of the models, now. Models that an unload stopped stay away.</summary>
    public async Task LookAgainAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _search) is { IsFirst: false } search)
            await TryApplyAsync(search, cancellationToken);
    }

    private async Task FollowAsync(ResidentSearch search, bool isRead, CancellationToken cancellationToken)
    {
        try
        {
            TimeSpan pause = FirstRetry;
            while (search == Volatile.Read(ref _search))
            {
                await Task.Delay(isRead ? FileInterval : pause, time, cancellationToken);
                if (isRead && !search.HasProblem && !pool.HasGivenUp && !HasLost(search))
                    continue;
                if (!isRead)
                    pause = pause * 2 < LongestRetry ? pause * 2 : LongestRetry;
                if (await TryApplyAsync(search, cancellationToken) is not { } next)
                    return;
                isRead = next;
            }
        }
        catch (OperationCanceledException)
        {
            // The daemon ends.
        }
        catch (Exception failure)
        {
            LogRetryFailed(failure);
        }
    }

    // A model that is removed while it is not loaded concerns no runner, so nobody else looks for it.
    private bool HasLost(ResidentSearch search)
    {
        lock (_gate)
            return search.Found.Any(found => !IsLoaded(found.Key) && catalog.FindNow(found.Reference) is null or { IsOnlyAnEntry: true });
    }

    private bool IsLoaded(RunnerKey key) => pool.Runners.Any(runner => runner.Key == key && runner.State.IsLive());

    /// <returns>Whether all models could be read; null: a later search replaces this one.</returns>
    private async Task<bool?> TryApplyAsync(ResidentSearch search, CancellationToken cancellationToken)
    {
        bool isRead = true;
        string[] references =
            [.. settings().Models.Where(static model => model.Value is { IsPreloaded: true, HasNoEntry: false }).Select(static model => model.Key)];
        foreach (string reference in references)
        {
            if (search != Volatile.Read(ref _search))
                return null;
            ModelLookup lookup = await FindAsync(reference, cancellationToken);
            isRead &= lookup.Reason != ModelLookupReason.NotRead;
            bool isPulled = Pull(reference, lookup, cancellationToken);
            lock (_gate)
                Note(search, reference, lookup, isPulled);
        }

        lock (_gate)
        {
            if (search != _search)
                return null;
            _problems = search.ListProblems(references);
            bool keepsUnloaded = search.KeepsUnloaded;
            if (search.Take(references) is { } residents)
                pool.SetResidents(residents, keepsUnloaded);
        }

        return isRead;
    }

    // Each model of the configuration has an entry, so an entry without a file may be a wrong name.
    private async Task<ModelLookup> FindAsync(string reference, CancellationToken cancellationToken)
    {
        ModelLookup lookup = await catalog.FindAsync(reference, cancellationToken);
        if (lookup is not { Reason: ModelLookupReason.Unknown, Problem: { } problem, Similar.Count: 0 })
            return lookup;
        IReadOnlyList<string> similar = await catalog.FindSimilarAsync(ModelReference.FromCanonical(reference), cancellationToken);
        return similar.Count == 0 ? lookup : lookup with { Problem = $"{problem}; {Spelling.Question(similar)}", Similar = similar };
    }

    // A request for the model would pull it, so a preload does too.
    private bool Pull(string reference, ModelLookup lookup, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (lookup.Model is not null)
                _present.Add(reference);
            else if (_present.Contains(reference))
                return false;
        }

        if (pulls is null || lookup is not { Pullable: { } name, NeedsCommand: false } || !IsWanted())
            return false;
        return pulls.Begin(name, IsWanted, () => LookAgainAsync(cancellationToken), cancellationToken);

        bool IsWanted() => settings() is { Downloads.OnRequest: true } now && now.Models.TryGetValue(reference, out ModelSettings? model) && model.IsPreloaded;
    }

    private void Note(ResidentSearch search, string reference, ModelLookup lookup, bool isPulled)
    {
        if (TryFind(lookup, out RunnerKey key) is not { } problem)
        {
            search.Find(reference, key, lookup.Model!);
            return;
        }

        // A file that is missing changes nothing for a loaded runner.
        if (lookup.Model is null && search.KeyOf(reference) is { } found && IsLoaded(found))
            return;

        string text = lookup.Pullable is { } name ? lookup.ProblemWithPull(name, OtherWay(lookup, name)) : problem;
        var shown = new ResidentProblem(reference, text, isPulled ? lookup.Pullable : null);
        if (search.Fail(shown, isFinal: lookup.Reason != ModelLookupReason.NotRead) && !isPulled)
            LogNotFound(reference, text);
    }

    private string OtherWay(ModelLookup lookup, ArtifactName name)
    {
        if (lookup.NeedsCommand)
            return $", or write {name.ToShortString()} in the configuration and set pullOnRequest";
        return settings().Downloads.OnRequest ? "" : ", or set pullOnRequest";
    }

    private string Describe(ResidentProblem problem)
    {
        if (problem.Pulled is { } name && pulls is not null)
            return $"Model {problem.Reference} is not preloaded yet: {pulls.Describe(name)}.";
        return $"Model {problem.Reference} is not preloaded: {problem.Text}{(problem.Text.EndsWith('?') ? "" : ".")}";
    }

    /// <returns>Why it cannot be loaded; null: it can.</returns>
    private string? TryFind(ModelLookup lookup, out RunnerKey key)
    {
        key = default;
        if (lookup.Model is not { } model)
            return lookup.Problem;
        RunnerMode mode = model.Settings.Mode ?? (model.Modes.Count > 0 ? model.Modes[0] : RunnerMode.Completion);
        key = pool.KeyOf(null, model, mode);
        return pool.CannotServe(key, model);
    }

    [LoggerMessage(LogLevel.Warning, "Model {Model} is not preloaded: {Problem}")]
    private partial void LogNotFound(string model, string problem);

    [LoggerMessage(LogLevel.Error, "Internal error: the search for models to preload ended.")]
    private partial void LogRetryFailed(Exception failure);
}
