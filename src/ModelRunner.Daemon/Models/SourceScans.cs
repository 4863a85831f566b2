using ModelRunner.Configuration;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Foreign;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Scans the stores of other tools in the background, each on a thread of its own, so that one on a disk that hangs delays no other. Keeps the last result
/// of each. Safe to call from any thread.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="read">Reads the stores of one tool.</param>
/// <param name="threads">The threads for that.</param>
/// <param name="watcher">Tells about changes; null: the stores are scanned from time to time.</param>
/// <param name="changed">Called on such a thread after each scan.</param>
/// <param name="failed">Told about a fault of the daemon, once until a scan succeeds.</param>
internal sealed class SourceScans(
    TimeProvider time, Func<SourceSettings, WatchScan?, ForeignListing> read, FileThreads threads, FolderWatcher? watcher, Action changed,
    Action<Exception, SourceKind> failed) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<SourceKind, SourceScan> _scans = [];
    private bool _isStarted;

    /// <summary>What the last scans found, in the order of precedence.</summary>
    public IReadOnlyList<SourceListing> Listings => [.. All.Select(static source => source.Scan.Content).OfType<SourceListing>()];

    /// <summary>Whether a source has not been read yet, and may be soon.</summary>
    public bool IsAnyUnknown => All.Any(static source => source.IsUnknown);

    /// <summary>The sources in the order of precedence.</summary>
    public IReadOnlyList<SourceScan> All
    {
        get
        {
            lock (_lock)
                return [.. _scans.Values];
        }
    }

    /// <summary>The sources that exist or have a problem.</summary>
    public IReadOnlyList<SourceReport> Report() =>
    [
        .. All.Select(static source => (Report: source.Report(), source.Scan))
            .Where(static source => source.Scan.Content is { Content.IsPresent: true } || source.Report.Problems.Count > 0)
            .Select(static source => source.Report),
    ];

    /// <summary>Begins the first scans.</summary>
    public void Start()
    {
        lock (_lock)
        {
            _isStarted = true;
            foreach (SourceScan source in _scans.Values)
                source.Scan.Start();
        }
    }

    /// <summary>Replaces the sources. Those that stay keep what was found.</summary>
    public void Configure(IReadOnlyList<SourceSettings> sources)
    {
        var ended = new List<SourceScan>();
        lock (_lock)
        {
            foreach (SourceKind kind in _scans.Keys.Except(sources.Select(static source => source.Kind)).ToArray())
                if (_scans.Remove(kind, out SourceScan? removed))
                    ended.Add(removed);
            foreach (SourceSettings source in sources)
            {
                if (_scans.TryGetValue(source.Kind, out SourceScan? known) && known.Settings.IsSameAs(source))
                    continue;
                if (known is not null)
                    ended.Add(known);
                _scans[source.Kind] = Create(source);
                if (_isStarted)
                    _scans[source.Kind].Scan.Start();
            }
        }

        foreach (SourceScan source in ended)
            source.Dispose();
    }

    public void Dispose()
    {
        foreach (SourceScan source in All)
            source.Dispose();
    }

    private SourceScan Create(SourceSettings source) => new(source, new BackgroundScan<SourceListing>(
        time, threads, watches => SourceListing.Describe(source.Kind, read(source, watches)), watcher, changed, failure => failed(failure, source.Kind)));
}
