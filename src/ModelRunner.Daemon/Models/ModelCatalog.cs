using System.Globalization;
using ModelRunner.Configuration;
using ModelRunner.Gguf;
using ModelRunner.Linux.Files;
using ModelRunner.Linux.Terminals;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Names;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// All models that requests can name: those of the configuration, of the store, of the demo, of other tools and of attached runners. They are
/// scanned in the background when something changes, and requests use the last result. The header of a file is read once until the file changes. No call
/// takes longer than a few seconds, even if the disk does not respond. Safe to call from any thread.
/// </summary>
internal sealed class ModelCatalog : IDisposable
{
    /// <summary>How long a caller waits for the first scan of the store, or for the header of a file.</summary>
    private static readonly TimeSpan FirstPatience = TimeSpan.FromSeconds(5);

    /// <summary>How long a change of settings waits to be judged.</summary>
    private static readonly TimeSpan PreviewPatience = TimeSpan.FromSeconds(1.5);

    /// <summary>How long a caller waits for the scan of a known change if there is an older one to use.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(0.5);

    /// <summary>How long whoever changed the store waits for its scan.</summary>
    private static readonly TimeSpan ChangePatience = TimeSpan.FromSeconds(2);

    private const int MaxProblems = 100;

    /// <summary>The models of one tool that are named as not usable; the others are counted.</summary>
    private const int MaxUnusablePerTool = 10;

    private readonly TimeProvider _time;
    private readonly ModelEntryFactory _factory;
    private readonly CatalogWatch _watch;

    /// <param name="settings">The settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log; null: none.</param>
    /// <param name="watcher">Tells about changes of the folders; null: they are scanned from time to time.</param>
    /// <param name="damage">Files that are known to be damaged; null: none.</param>
    public ModelCatalog(
        DaemonSettings settings, TimeProvider time, ILogger<ModelCatalog>? logger = null, FolderWatcher? watcher = null, KnownDamage? damage = null)
        : this(
            settings, time, watches => StoreScanner.Scan(settings.ModelsPath, settings.IsDefaultModelsPath, watches: watches), FileThreads.Shared,
            (source, watches) => SourceReader.Read(source, time, watches, damage), logger, watcher)
    {
    }

    /// <summary>For tests, which decide how long a scan takes.</summary>
    internal ModelCatalog(
        DaemonSettings settings, TimeProvider time, Func<StoreListing> scan, FileThreads threads, Func<SourceSettings, ForeignListing>? readSource = null)
        : this(
            settings, time, _ => scan(), threads,
            (source, watches) => readSource is null ? SourceReader.Read(source, time, watches) : readSource(source), null, null)
    {
    }

    /// <summary>For tests, which count the scans.</summary>
    internal ModelCatalog(
        DaemonSettings settings, TimeProvider time, Func<WatchScan?, StoreListing> scan, FileThreads threads,
        Func<SourceSettings, WatchScan?, ForeignListing> readSource, ILogger? logger, FolderWatcher? watcher)
    {
        _time = time;
        _factory = new ModelEntryFactory(settings.Runners, threads, time);
        _watch = new CatalogWatch(settings, time, scan, threads, readSource, watcher, LogFailure);

        void LogFailure(Exception failure, string place)
        {
            if (logger is not null)
                SourceLog.Failed(logger, failure, place);
        }
    }

    /// <summary>Begins to scan and to follow changes. Without this call, the first request does it.</summary>
    public void Start() => _watch.Start();

    public void Dispose() => _watch.Dispose();

    /// <summary>
    /// Calls this after the models were combined again, on a thread for files, and begins to read the headers of new files. Call it once, before the first
    /// request.
    /// </summary>
    public void WhenChanged(Action changed) => _watch.Changed = () =>
    {
        if (_watch.Last is { IsWithoutStore: false } last)
            _ = _factory.ReadHeadersAsync(last.Snapshot.Sources);
        changed();
    };

    /// <summary>What a canonical reference means by the last complete scan; null: nothing, or there was none yet.</summary>
    public ModelSource? FindNow(string canonical) =>
        _watch.Last is { IsWithoutStore: false } last ? last.Snapshot.Find(ModelReference.FromCanonical(canonical), out _) : null;

    /// <summary>The model that a lookup means, also if requests cannot use it now; null: none, or one that has only an entry in the configuration.</summary>
    public ModelSource? SourceOf(ModelLookup lookup) =>
        lookup.Reason is ModelLookupReason.Found or ModelLookupReason.Unusable or ModelLookupReason.NotRead
        && (lookup.Model?.Reference ?? lookup.Reference) is { } reference && FindNow(reference) is { IsOnlyAnEntry: false } source
            ? source : null;

    /// <summary>Waits until changes of files that have happened are known. Returns after a moment if the disk is slow.</summary>
    public Task LookAsync(CancellationToken cancellationToken) => SettleAsync(cancellationToken);

    /// <summary>Replaces the settings. Returns when requests find the models of the new ones, or after some seconds if the disk is slow.</summary>
    public async Task ConfigureAsync(DaemonSettings settings)
    {
        _factory.Configure(settings.Runners);
        await Task.WhenAny(_watch.ConfigureAsync(settings), Task.Delay(FirstPatience, _time));
    }

    /// <summary>
    /// All problems with the models, one sentence each and without absolute paths: unreadable folders, names that are used twice, models
    /// that cannot be used or only in part. Bounded.
    /// </summary>
    public async Task<IReadOnlyList<string>> ListProblemsAsync(CancellationToken cancellationToken)
    {
        await SettleAsync(cancellationToken);
        CatalogScan? scan = _watch.Last;
        var problems = _watch.FindStoreProblems().ToList();
        if (scan is null)
            return problems;

        problems.AddRange(scan.Snapshot.Problems);
        await ReadHeadsAsync(scan.Snapshot.Sources, FirstPatience, cancellationToken);
        var unusable = new Dictionary<SourceKind, int>();
        foreach (ModelSource source in scan.Snapshot.Sources)
        {
            if (problems.Count >= MaxProblems)
                break;
            if (source.Foreign is { Problem: not null, Kind: var tool } && (unusable[tool] = unusable.GetValueOrDefault(tool) + 1) > MaxUnusablePerTool)
                continue;
            problems.AddRange(_factory.Create(source, out string? problem) is null
                ? [$"model \"{source.Reference}\" {problem}"]
                : _factory.FindWarnings(source));
        }

        foreach ((SourceKind kind, int count) in unusable.Where(static tool => tool.Value > MaxUnusablePerTool))
        {
            int more = count - MaxUnusablePerTool;
            problems.Add(string.Create(CultureInfo.InvariantCulture, $"{more} more models of {SourceText.ToolOf(kind)} cannot be served"));
        }

        if (problems.Count > MaxProblems)
            problems.RemoveRange(MaxProblems, problems.Count - MaxProblems);
        return problems;
    }

    /// <summary>Whether the model store was read at least once, so that a model that is not found is not there.</summary>
    public bool IsRead => _watch.Last is { IsWithoutStore: false } && !_watch.HasUnknownSource;

    /// <summary>The tools whose models are used, as far as they are on this machine or have a problem.</summary>
    public IReadOnlyList<SourceReport> ListSources() => _watch.Sources;

    /// <summary>What each source holds, by the last scans. It reads nothing; empty before the first scan has ended.</summary>
    public IReadOnlyList<SourceSize> Sizes => _watch.Last?.Sizes ?? [];

    /// <summary>The aliases that would hide a model; none where the store cannot be read in time.</summary>
    public async Task<IReadOnlyList<AliasClash>> FindAliasClashesAsync(CancellationToken cancellationToken)
    {
        await _watch.SettleAsync(Patience, FirstPatience, isForStoreOnly: true, cancellationToken);
        return _watch.Last?.Snapshot.AliasClashes ?? [];
    }

    /// <summary>Finds the model that a person means by a reference, in any spelling of it.</summary>
    public async Task<ModelLookup> FindAsync(string reference, CancellationToken cancellationToken)
    {
        if (!ModelQuery.TryParse(reference, out ModelQuery parsed, out string? problem))
        {
            string shown = PlainText.EscapeAndCut(reference ?? "", 80);
            return new ModelLookup(null, $"model reference \"{shown}\" {problem}") { Reason = ModelLookupReason.Invalid };
        }

        // A model that is known waits for no scan. One that is not, or not whole, may have changed a moment ago.
        _watch.Start();
        CatalogScan? known = _watch.Last;
        ModelSource? source = known is { IsWithoutStore: false } ? known.Snapshot.Find(parsed, out problem) : null;
        ModelLookup? found = source is null ? null : await OpenAsync(source, cancellationToken);
        if (found?.Model is null && (await WaitForAsync(parsed, cancellationToken) || found is null || _watch.Last != known))
        {
            source = _watch.Last?.Snapshot.Find(parsed, out problem);
            found = source is null ? null : await OpenAsync(source, cancellationToken);
        }

        if (found is { } lookup)
            return WithPull(lookup, source!);
        if (problem is not null)
            return new ModelLookup(null, problem) { Reason = ModelLookupReason.Ambiguous };
        if (_watch.Last is not { IsWithoutStore: false } last || _watch.HasUnknownSource)
            return NotRead(parsed.ToString());
        if (ModelIds.LooksLikeId(reference.Trim()))
            return NoId(reference.Trim());
        ModelLookup unknown = await DescribeUnknownAsync(last.Snapshot, parsed, cancellationToken);
        return unknown with { Reason = ModelLookupReason.Unknown, Pullable = ModelQuery.ToArtifact(reference) };
    }

    /// <summary>What other settings would make of a model; null: it is gone. Other changes of settings wait meanwhile, so it takes at most 1.5 s.</summary>
    /// <param name="canonical">Its canonical reference.</param>
    /// <param name="settings">The other settings.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    public async Task<ModelChange?> PreviewAsync(string canonical, DaemonSettings settings, CancellationToken cancellationToken)
    {
        long start = _time.GetTimestamp();
        Task<ModelSnapshot?> combining = _watch.PreviewAsync(settings);
        if (!combining.IsCompleted)
            await Task.WhenAny(combining, Task.Delay(PreviewPatience, _time, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        if (!combining.IsCompleted || await combining is not { } next)
            return ModelChange.Unknown;
        if (FindNow(canonical) is not { } before || next.Find(ModelReference.FromCanonical(canonical), out _) is not { } after)
            return IsRead ? null : ModelChange.Unknown;

        TimeSpan left = PreviewPatience - _time.GetElapsedTime(start);
        bool isRead = await ReadHeadsAsync([before, after], left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellationToken);
        ModelProblem[] known = [.. _factory.FindProblems(before)];
        IEnumerable<ModelProblem> problems = _factory.FindProblems(after).Where(problem => !Array.Exists(known, problem.IsSameAs));
        return new ModelChange(_factory.Create(after, out _), [.. problems], isRead);
    }

    // The configuration may have settings for a model that was not pulled yet. Before the store was read, nobody knows that.
    private static ModelLookup WithPull(ModelLookup found, ModelSource source) =>
        found.Reason == ModelLookupReason.Unusable && source.IsOnlyAnEntry
        && ModelQuery.ToArtifact(source.Reference.ToString()) is { } name && !(name.IsOnHuggingFace && name.Tag == ArtifactName.DefaultTag)
            ? found with
            {
                Reason = ModelLookupReason.Unknown,
                Pullable = name,
                NeedsCommand = !source.Reference.Name.Contains('/', StringComparison.Ordinal),
            }
            : found;

    /// <summary>Models that can be used and have a name like that of one that cannot, the nearest one first.</summary>
    public async Task<IReadOnlyList<string>> FindSimilarAsync(ModelReference reference, CancellationToken cancellationToken) =>
        _watch.Last is { } last ? await FindSimilarAsync(last.Snapshot, reference, cancellationToken) : [];

    /// <summary>The other variants of a model that can be used, by the last scans. It reads no file: one whose header was not read yet is left out.</summary>
    public IReadOnlyList<ModelEntry> FindVariants(ModelEntry model) =>
        [.. (_watch.Last?.Snapshot.FindVariants(model.Reference) ?? []).Select(source => _factory.Create(source, out _)).OfType<ModelEntry>()];

    /// <summary>Whether a model is here that a reference of the configuration means, by the last scan of the store.</summary>
    public bool IsHere(ModelReference reference) => _watch.Last?.Snapshot.FindConfigured(reference) is not null;

    /// <summary>Whether a reference means a model, by the last scan of the store. A reference of no known model means the model of this name.</summary>
    /// <param name="reference">The reference as the configuration has it.</param>
    /// <param name="model">The canonical reference of the model.</param>
    public bool IsMeant(ModelReference reference, string model) =>
        (_watch.Last?.Snapshot.FindConfigured(reference)?.Reference ?? reference).ToString() == model;

    /// <summary>Reads the stores again, so that the next caller finds a model that was pulled. Returns after a moment if the disk is slow.</summary>
    public Task FindPulledAsync(CancellationToken cancellationToken) => _watch.RescanStoreAsync(ChangePatience, cancellationToken);

    /// <summary>Returns when requests find the models of a list of the store, or after a moment if the disk is slow.</summary>
    /// <param name="list">The list. It should not change before the return.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task FollowAsync(StoreIndex list, CancellationToken cancellationToken) =>
        _watch.Last is { Lists: var known } && (known.Count == 0 ? list.Entries.Count == 0 : known.Any(list.IsSameAs))
            ? Task.CompletedTask
            : FindPulledAsync(cancellationToken);

    /// <summary>All models that can be used, in order of their references; without those that cannot be read in time.</summary>
    public async Task<IReadOnlyList<ModelEntry>> ListAsync(CancellationToken cancellationToken)
    {
        await SettleAsync(cancellationToken);
        IReadOnlyList<ModelSource> sources = _watch.Last?.Snapshot.Sources ?? [];
        await ReadHeadsAsync(sources, FirstPatience, cancellationToken);
        return [.. sources.Select(source => _factory.Create(source, out _)).OfType<ModelEntry>()];
    }

    /// <summary>The memory of a model that is not here yet, as it would be run without settings of its own; null: it would not be run.</summary>
    public MemoryEstimate? Estimate(GgufHeader header, long weightBytes) => _factory.Estimate(header, weightBytes);

    /// <summary>All models as the last scans found them, also those that cannot be used. It opens no model.</summary>
    public async Task<IReadOnlyList<ModelSource>> ListFoundAsync(CancellationToken cancellationToken)
    {
        await SettleAsync(cancellationToken);
        return _watch.Last?.Snapshot.Sources ?? [];
    }

    private Task<bool> SettleAsync(CancellationToken cancellationToken) =>
        _watch.SettleAsync(Patience, FirstPatience, isForStoreOnly: false, cancellationToken);

    /// <returns>Whether a scan was waited for.</returns>
    private async Task<bool> WaitForAsync(ModelQuery query, CancellationToken cancellationToken)
    {
        // A model of the store waits for no other tool.
        bool hasWaited = await _watch.SettleAsync(Patience, FirstPatience, isForStoreOnly: true, cancellationToken);
        if (hasWaited && _watch.Last?.Snapshot.Find(query, out _) is { IsOnlyAnEntry: false })
            return true;
        return await SettleAsync(cancellationToken) || hasWaited;
    }

    private async Task<ModelLookup> OpenAsync(ModelSource source, CancellationToken cancellationToken)
    {
        bool isRead = await ReadHeadsAsync([source], FirstPatience, cancellationToken);
        if (_factory.Create(source, out string? problem) is { } entry)
            return new ModelLookup(entry, null);

        // The file of a model that has an entry in the configuration may be in the store.
        bool isUnknown = _watch.Last is not { IsWithoutStore: false } || (source.IsOnlyAnEntry && _watch.HasUnknownSource);
        bool mayHaveDraft = source.Draft is { IsMissing: true } && (isUnknown || _watch.HasUnknownSource);
        bool isFinal = isRead && !mayHaveDraft && !_factory.IsBeingWritten(source);
        return source.File is null && isUnknown
            ? NotRead(source.Reference.ToString()) with { Backend = source.Settings.Backend }
            : new ModelLookup(null, $"model \"{source.Reference}\" {problem}" + (isFinal ? "" : "; try again later"))
            {
                Reason = isFinal ? ModelLookupReason.Unusable : ModelLookupReason.NotRead, Reference = source.Reference.ToString(),
                Backend = source.Settings.Backend, Draft = _factory.IsOfDraft(source, problem!) ? source.Draft : null,
            };
    }

    private static ModelLookup NoId(string text) => new(
        null, $"there is no model \"{text}\"; an id is sha256: and 12 to 64 lower-case hexadecimal digits, and \"model-runner ls --json\" lists them")
    {
        Reason = ModelLookupReason.Unknown,
    };

    private static ModelLookup NotRead(string reference) =>
        new(null, $"the models folder is still being read, so it is not known whether model \"{reference}\" exists; try again later")
        {
            Reason = ModelLookupReason.NotRead, Reference = reference,
        };

    /// <returns>Whether all were read in time.</returns>
    private async Task<bool> ReadHeadsAsync(IReadOnlyList<ModelSource> sources, TimeSpan patience, CancellationToken cancellationToken)
    {
        Task reading = _factory.ReadHeadersAsync(sources);
        if (!reading.IsCompleted)
            await Task.WhenAny(reading, Task.Delay(patience, _time, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        return reading.IsCompleted;
    }

    // A suggestion must be usable. Checking all models for that would let any request read the whole store.
    private async Task<ModelLookup> DescribeUnknownAsync(ModelSnapshot snapshot, ModelQuery query, CancellationToken cancellationToken)
    {
        if (query.File is not null)
            return new ModelLookup(null, $"there is no model \"{query}\"; \"model-runner ls\" lists the models");
        if (query.Pin is not null)
            return new ModelLookup(null, DescribeUnknown(snapshot, query));
        if (query.Digits is not null)
            return new ModelLookup(null, $"there is no model with the id {query}; \"model-runner ls --json\" lists the ids");

        IReadOnlyList<string> usable = await FindSimilarAsync(snapshot, query.Reference, cancellationToken);
        string remedy = usable.Count > 0 ? Spelling.Question(usable) : "\"model-runner ls\" lists the models";
        return new ModelLookup(null, $"there is no model \"{query.Reference}\"; {remedy}") { Similar = usable };
    }

    private async Task<IReadOnlyList<string>> FindSimilarAsync(ModelSnapshot snapshot, ModelReference reference, CancellationToken cancellationToken)
    {
        List<ModelSource> left = [.. snapshot.Sources.Where(source => source.Reference != reference)];
        var usable = new List<string>();
        for (int attempt = 0; attempt < ModelSuggestion.MaxCount; attempt++)
        {
            if (ModelSuggestion.Find(reference, left.Select(static source => source.Reference)) is not { } closest)
                break;

            ModelSource source = left.First(source => source.Reference.ToString() == closest);
            if (await ReadHeadsAsync([source], Patience, cancellationToken) && _factory.Create(source, out _) is not null)
                usable.Add(closest);
            left.Remove(source);
        }

        return usable;
    }

    private static string DescribeUnknown(ModelSnapshot snapshot, ModelQuery query)
    {
        string rest = snapshot.Find(query.Reference, out _) is { } same
            ? $"\"{same.Reference}\" here is another one, with the id {same.Id}"
            : "\"model-runner ls\" lists the models";
        return $"there is no model \"{query}\"; {rest}";
    }
}
