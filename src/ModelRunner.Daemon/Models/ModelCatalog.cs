using ModelRunner.Daemon.Configuration;
using ModelRunner.Daemon.Diagnostics;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// All models that requests can name: those of the configuration, of the store, of the demo and of attached runners. Looks at the store
/// anew when it is asked and the last look is old; heads of files are read once until the files change. Safe to call from any thread;
/// while one thread looks, the others get what was seen before.
/// </summary>
internal sealed class ModelCatalog(DaemonSettings settings, TimeProvider time)
{
    /// <summary>How long one look at the store counts. A look at a thousand files takes some milliseconds.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(2);

    private readonly ModelEntryFactory _factory = new(settings.Runners);
    private readonly Lock _lookLock = new();
    private volatile Look? _last;

    public ModelCatalog(DaemonSettings settings)
        : this(settings, TimeProvider.System)
    {
    }

    /// <summary>Files of the store that no name leads to, one sentence each.</summary>
    public IReadOnlyList<string> Problems => Refresh(LookInterval).Problems;

    /// <summary>Finds the model that a person means by a reference, in any spelling of it.</summary>
    public ModelLookup Find(string reference)
    {
        if (!ModelReference.TryParse(reference, out ModelReference parsed, out string? problem))
        {
            string shown = PlainText.EscapeAndCut(reference ?? "", 80);
            return new ModelLookup(null, $"model reference \"{shown}\" {problem}") { Reason = ModelLookupReason.Invalid };
        }

        ModelSource? source = Refresh(LookInterval).Find(parsed, out problem, out ModelLookupReason reason);

        // A file that was put there a moment ago should be found at once.
        if (source is null)
            source = Refresh(TimeSpan.FromMilliseconds(100)).Find(parsed, out problem, out reason);
        if (source is null)
            return new ModelLookup(null, problem) { Reason = reason };

        return _factory.Create(source, out problem) is { } entry
            ? new ModelLookup(entry, null)
            : new ModelLookup(null, $"model \"{source.Reference}\" {problem}") { Reason = ModelLookupReason.Unusable };
    }

    /// <summary>All models that can be used, in order of their references.</summary>
    public IReadOnlyList<ModelEntry> List() =>
        [.. Refresh(LookInterval).Sources.Select(source => _factory.Create(source, out _)).OfType<ModelEntry>()];

    /// <summary>All models that cannot be used, one sentence each, in order of their references.</summary>
    public IReadOnlyList<string> ListUnusable()
    {
        var sentences = new List<string>();
        foreach (ModelSource source in Refresh(LookInterval).Sources)
            if (_factory.Create(source, out string? problem) is null)
                sentences.Add($"model \"{source.Reference}\" {problem}");
        return sentences;
    }

    private ModelSnapshot Refresh(TimeSpan maxAge)
    {
        Look? last = _last;
        if (last is not null && time.GetElapsedTime(last.Timestamp) < maxAge)
            return last.Snapshot;

        // Only the first look makes others wait.
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

            ModelSnapshot snapshot = new ModelSnapshotBuilder(settings).Build(StoreScanner.Scan(settings.ModelsPath));
            _last = new Look(snapshot, time.GetTimestamp());
            return snapshot;
        }
        finally
        {
            _lookLock.Exit();
        }
    }

    private sealed record Look(ModelSnapshot Snapshot, long Timestamp);
}
