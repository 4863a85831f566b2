using ModelRunner.Daemon.Configuration;
using ModelRunner.Daemon.Diagnostics;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// All models that requests can name: those of the configuration, of the store, of the demo and of attached runners. Looks at the store
/// anew when it is asked and the last look is old; heads of files are read once until the files change. Safe to call from any thread;
/// while one thread looks, the others get what was seen before.
/// </summary>
internal sealed class ModelCatalog
{
    /// <summary>How long one look at the store counts. A look at a thousand files takes some milliseconds.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(2);

    /// <summary>A store that takes long to look at is looked at less often: at most a twentieth of the time goes to it.</summary>
    private const int RestAfterLook = 20;

    private const int MaxProblems = 100;

    private const int MaxSuggestions = 3;

    private readonly DaemonSettings _settings;
    private readonly TimeProvider _time;
    private readonly Func<StoreListing> _scan;
    private readonly ModelEntryFactory _factory;
    private readonly Lock _lookLock = new();
    private volatile Look? _last;

    /// <summary>Only the first look makes others wait, and a slow disk can make it long; so requests wait for it without a thread.</summary>
    private readonly Lazy<Task> _firstLook;

    public ModelCatalog(DaemonSettings settings)
        : this(settings, TimeProvider.System)
    {
    }

    public ModelCatalog(DaemonSettings settings, TimeProvider time)
        : this(settings, time, () => StoreScanner.Scan(settings.ModelsPath, settings.IsDefaultModelsPath))
    {
    }

    /// <summary>For tests, which decide how long a look takes.</summary>
    internal ModelCatalog(DaemonSettings settings, TimeProvider time, Func<StoreListing> scan)
    {
        (_settings, _time, _scan) = (settings, time, scan);
        _factory = new ModelEntryFactory(settings.Runners);
        _firstLook = new Lazy<Task>(LookFirst);
    }

    /// <summary>
    /// Completes when the store has been looked at once: from then on no call of this waits for another one's look. To be awaited before
    /// those calls by whoever may be one of many.
    /// </summary>
    public Task WaitForFirstLookAsync(CancellationToken cancellationToken) =>
        _last is not null ? Task.CompletedTask : _firstLook.Value.WaitAsync(cancellationToken);

    /// <summary>
    /// Everything that is wrong with the models, one sentence each and without any absolute path: what could not be looked at, names that
    /// clash, models that cannot be used or not in full. Bounded.
    /// </summary>
    public IReadOnlyList<string> ListProblems()
    {
        ModelSnapshot snapshot = Refresh(LookInterval);
        var problems = new List<string>(snapshot.Problems);
        foreach (ModelSource source in snapshot.Sources)
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

    /// <summary>The aliases that would hide a model.</summary>
    public IReadOnlyList<AliasClash> AliasClashes => Refresh(LookInterval).AliasClashes;

    /// <summary>Finds the model that a person means by a reference, in any spelling of it.</summary>
    public ModelLookup Find(string reference)
    {
        if (!ModelReference.TryParse(reference, out ModelReference parsed, out string? problem))
        {
            string shown = PlainText.EscapeAndCut(reference ?? "", 80);
            return new ModelLookup(null, $"model reference \"{shown}\" {problem}") { Reason = ModelLookupReason.Invalid };
        }

        ModelSnapshot snapshot = Refresh(LookInterval);
        ModelSource? source = snapshot.Find(parsed, out problem);

        // A file that was put there a moment ago should be found at once.
        if (source is null)
        {
            snapshot = Refresh(TimeSpan.FromMilliseconds(100));
            source = snapshot.Find(parsed, out problem);
        }

        if (source is null)
        {
            return problem is not null
                ? new ModelLookup(null, problem) { Reason = ModelLookupReason.Ambiguous }
                : new ModelLookup(null, DescribeUnknown(snapshot, parsed)) { Reason = ModelLookupReason.Unknown };
        }

        return _factory.Create(source, out problem) is { } entry
            ? new ModelLookup(entry, null)
            : new ModelLookup(null, $"model \"{source.Reference}\" {problem}") { Reason = ModelLookupReason.Unusable };
    }

    /// <summary>All models that can be used, in order of their references.</summary>
    public IReadOnlyList<ModelEntry> List() =>
        [.. Refresh(LookInterval).Sources.Select(source => _factory.Create(source, out _)).OfType<ModelEntry>()];

    // What is suggested must be of use. To look into all models for that would let any request read a whole store.
    private string DescribeUnknown(ModelSnapshot snapshot, ModelReference reference)
    {
        var left = snapshot.Sources.ToList();
        for (int attempt = 0; attempt < MaxSuggestions; attempt++)
        {
            if (ModelSuggestion.Find(reference, left.Select(static source => source.Reference)) is not { } closest)
                break;

            ModelSource source = left.First(source => source.Reference.ToString() == closest);
            if (_factory.Create(source, out _) is not null)
                return $"there is no model \"{reference}\"; did you mean \"{closest}\"?";
            left.Remove(source);
        }

        return $"there is no model \"{reference}\"; \"model-runner ls\" lists the models that there are";
    }

    // A look that failed is taken again by the call that needs it, which then tells the failure.
    private Task LookFirst() => Task.Run(() => Refresh(LookInterval)).ContinueWith(
        static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    private ModelSnapshot Refresh(TimeSpan maxAge)
    {
        Look? last = _last;
        if (last is not null && _time.GetElapsedTime(last.Timestamp) < Max(maxAge, last.Duration * RestAfterLook))
            return last.Snapshot;

        if (!_lookLock.TryEnter())
        {
            if (last is not null)
                return last.Snapshot;
            _lookLock.Enter();
        }

        try
        {
            if (_last is { } newer && newer != last)
                return newer.Snapshot;

            long started = _time.GetTimestamp();
            ModelSnapshot snapshot = new ModelSnapshotBuilder(_settings).Build(_scan());
            _last = new Look(snapshot, _time.GetTimestamp(), _time.GetElapsedTime(started));
            return snapshot;
        }
        finally
        {
            _lookLock.Exit();
        }
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private sealed record Look(ModelSnapshot Snapshot, long Timestamp, TimeSpan Duration);
}
