using ModelRunner.Configuration;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// All models that requests can name: those of the configuration, of the store, of the demo and of attached runners. The store is looked at
/// beside the requests, which read what was seen last; heads of files are read once until the files change. No call takes longer than some
/// seconds, whatever the disk does. Safe to call from any thread.
/// </summary>
internal sealed class ModelCatalog
{
    /// <summary>How long somebody waits for the first look at the store, or for the head of a file.</summary>
    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(5);

    /// <summary>How long somebody waits for a look where there is something older to answer with.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(0.5);

    /// <summary>A name that was seen in this time is used at once, while a new look may run.</summary>
    private static readonly TimeSpan KnownFor = TimeSpan.FromSeconds(30);

    /// <summary>A file that was put there a moment ago should be found at once.</summary>
    private static readonly TimeSpan MaxAgeForUnknown = TimeSpan.FromMilliseconds(100);

    private const int MaxProblems = 100;

    private const int MaxSuggestions = 3;

    private readonly TimeProvider _time;
    private readonly ModelEntryFactory _factory;
    private readonly CatalogWatch _watch;

    public ModelCatalog(DaemonSettings settings, TimeProvider time)
        : this(settings, time, () => StoreScanner.Scan(settings.ModelsPath, settings.IsDefaultModelsPath), FileThreads.Shared)
    {
    }

    /// <summary>For tests, which decide how long a look takes.</summary>
    internal ModelCatalog(DaemonSettings settings, TimeProvider time, Func<StoreListing> scan, FileThreads threads)
    {
        _time = time;
        _factory = new ModelEntryFactory(settings.Runners, threads);
        _watch = new CatalogWatch(settings, time, scan, threads);
    }

    /// <summary>
    /// Everything that is wrong with the models, one sentence each and without any absolute path: what could not be looked at, names that
    /// clash, models that cannot be used or not in full. Bounded.
    /// </summary>
    public async Task<IReadOnlyList<string>> ListProblemsAsync(CancellationToken cancellationToken)
    {
        CatalogScan? look = await LookAsync(cancellationToken);
        var problems = new List<string>();
        if (look is not { IsWithoutStore: false })
            problems.Add("the model store is still being read; its models are missing");
        if (look is null)
            return problems;

        problems.AddRange(look.Snapshot.Problems);
        await ReadHeadsAsync(look.Snapshot.Sources, FirstPatience, cancellationToken);
        foreach (ModelSource source in look.Snapshot.Sources)
        {
            if (problems.Count >= MaxProblems)
                break;
            IEnumerable<string> clauses = _factory.Create(source, out string? problem) is null ? [problem!] : _factory.FindWarnings(source);
            problems.AddRange(clauses.Select(clause => $"model \"{source.Reference}\" {clause}"));
        }

        if (problems.Count > MaxProblems)
            problems.RemoveRange(MaxProblems, problems.Count - MaxProblems);
        return problems;
    }

    /// <summary>The aliases that would hide a model; none where the store cannot be read in time.</summary>
    public async Task<IReadOnlyList<AliasClash>> FindAliasClashesAsync(CancellationToken cancellationToken) =>
        (await LookAsync(cancellationToken))?.Snapshot.AliasClashes ?? [];

    /// <summary>Finds the model that a person means by a reference, in any spelling of it.</summary>
    public async Task<ModelLookup> FindAsync(string reference, CancellationToken cancellationToken)
    {
        if (!ModelReference.TryParse(reference, out ModelReference parsed, out string? problem))
        {
            string shown = PlainText.EscapeAndCut(reference ?? "", 80);
            return new ModelLookup(null, $"model reference \"{shown}\" {problem}") { Reason = ModelLookupReason.Invalid };
        }

        if (_watch.Last is { IsWithoutStore: false } known && _watch.Age < KnownFor && known.Snapshot.Find(parsed, out _) is not null)
            await _watch.RefreshAsync(TimeSpan.Zero, cancellationToken);
        else
            await LookAsync(cancellationToken);

        ModelSource? source = _watch.Last?.Snapshot.Find(parsed, out problem);
        if (source is null && _watch.Last is { IsWithoutStore: false })
        {
            await _watch.RefreshForUnknownAsync(MaxAgeForUnknown, Patience, cancellationToken);
            source = _watch.Last.Snapshot.Find(parsed, out problem);
        }

        if (source is not null)
            return await OpenAsync(source, cancellationToken);
        if (problem is not null)
            return new ModelLookup(null, problem) { Reason = ModelLookupReason.Ambiguous };
        return _watch.Last is { IsWithoutStore: false } last
            ? new ModelLookup(null, await DescribeUnknownAsync(last.Snapshot, parsed, cancellationToken)) { Reason = ModelLookupReason.Unknown }
            : new ModelLookup(null, $"nobody knows yet whether there is a model \"{parsed}\": the model store is still being read; try again later")
            {
                Reason = ModelLookupReason.NotRead,
            };
    }

    /// <summary>All models that can be used, in order of their references; without those that cannot be read in time.</summary>
    public async Task<IReadOnlyList<ModelEntry>> ListAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<ModelSource> sources = (await LookAsync(cancellationToken))?.Snapshot.Sources ?? [];
        await ReadHeadsAsync(sources, FirstPatience, cancellationToken);
        return [.. sources.Select(source => _factory.Create(source, out _)).OfType<ModelEntry>()];
    }

    private async Task<CatalogScan?> LookAsync(CancellationToken cancellationToken)
    {
        await _watch.RefreshAsync(_watch.Last is { IsWithoutStore: false } ? Patience : FirstPatience, cancellationToken);
        return _watch.Last;
    }

    private async Task<ModelLookup> OpenAsync(ModelSource source, CancellationToken cancellationToken)
    {
        bool isRead = await ReadHeadsAsync([source], FirstPatience, cancellationToken);
        return _factory.Create(source, out string? problem) is { } entry
            ? new ModelLookup(entry, null)
            : new ModelLookup(null, $"model \"{source.Reference}\" {problem}" + (isRead ? "" : "; try again later"))
            {
                Reason = isRead ? ModelLookupReason.Unusable : ModelLookupReason.NotRead,
            };
    }

    /// <returns>Whether all were read in time.</returns>
    private async Task<bool> ReadHeadsAsync(IReadOnlyList<ModelSource> sources, TimeSpan patience, CancellationToken cancellationToken)
    {
        Task reading = _factory.ReadHeadersAsync(sources);
        if (!reading.IsCompleted)
            await Task.WhenAny(reading, Task.Delay(patience, _time, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        return reading.IsCompleted;
    }

    // What is suggested must be of use. To look into all models for that would let any request read a whole store.
    private async Task<string> DescribeUnknownAsync(ModelSnapshot snapshot, ModelReference reference, CancellationToken cancellationToken)
    {
        var left = snapshot.Sources.ToList();
        for (int attempt = 0; attempt < MaxSuggestions; attempt++)
        {
            if (ModelSuggestion.Find(reference, left.Select(static source => source.Reference)) is not { } closest)
                break;

            ModelSource source = left.First(source => source.Reference.ToString() == closest);
            if (await ReadHeadsAsync([source], Patience, cancellationToken) && _factory.Create(source, out _) is not null)
                return $"there is no model \"{reference}\"; did you mean \"{closest}\"?";
            left.Remove(source);
        }

        return $"there is no model \"{reference}\"; \"model-runner ls\" lists the models that there are";
    }
}
