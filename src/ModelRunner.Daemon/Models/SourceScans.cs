using ModelRunner.Configuration;
using ModelRunner.Store.Foreign;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Scans the stores of other tools in the background, each on a thread of its own, so that one on a disk that hangs delays no other. Keeps the last result
/// of each. Safe to call from any thread.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="read">Reads the stores of one tool.</param>
/// <param name="threads">The threads for that.</param>
/// <param name="changed">Called on such a thread after each scan.</param>
/// <param name="failed">Told about a fault of the daemon, once until a scan succeeds.</param>
internal sealed class SourceScans(
    TimeProvider time, Func<SourceSettings, ForeignListing> read, FileThreads threads, Action changed, Action<Exception, SourceKind> failed)
{
    private const string InternalError = "an internal error of the daemon";

    private readonly Lock _lock = new();
    private readonly SortedDictionary<SourceKind, SourceScan> _scans = [];

    /// <summary>What the last scans found, in the order of precedence.</summary>
    public IReadOnlyList<SourceListing> Listings
    {
        get
        {
            lock (_lock)
                return [.. _scans.Values.Select(static scan => scan.Content).OfType<SourceListing>()];
        }
    }

    /// <summary>Whether a source has not been read yet, and may be soon.</summary>
    public bool IsAnyUnknown
    {
        get
        {
            lock (_lock)
                return _scans.Values.Any(static scan => scan.IsUnknown);
        }
    }

    /// <summary>The sources that exist or have a problem.</summary>
    public IReadOnlyList<SourceReport> Report()
    {
        lock (_lock)
        {
            return [.. _scans.Values.Select(static scan => (Report: scan.Report(), scan.Content))
                .Where(static scan => scan.Content is { Content.IsPresent: true } || scan.Report.Problems.Count > 0)
                .Select(static scan => scan.Report)];
        }
    }

    /// <summary>Replaces the sources. Those that stay keep what was found; new ones are read at the next request.</summary>
    public void Configure(IReadOnlyList<SourceSettings> sources)
    {
        lock (_lock)
        {
            foreach (SourceKind kind in _scans.Keys.Except(sources.Select(static source => source.Kind)).ToArray())
                _scans.Remove(kind);
            foreach (SourceSettings source in sources)
                if (!_scans.TryGetValue(source.Kind, out SourceScan? known) || !known.Settings.IsSameAs(source))
                    _scans[source.Kind] = new SourceScan(source, time);
        }
    }

    /// <summary>Starts the scans that are due.</summary>
    /// <param name="maxAge">A younger scan is good enough.</param>
    /// <param name="pauseFactor">The pause after a scan, as a multiple of its duration.</param>
    /// <returns>The scans that run and are worth waiting for.</returns>
    public Task RefreshAsync(TimeSpan maxAge, int pauseFactor)
    {
        lock (_lock)
        {
            foreach (SourceScan scan in _scans.Values.Where(scan => scan.IsDue(maxAge, pauseFactor)))
                scan.Begin(() => StartAsync(scan));
            Task[] running = [.. _scans.Values.Where(static scan => scan.IsWorthWaiting).Select(static scan => scan.Running)];
            return running.Length == 0 ? Task.CompletedTask : Task.WhenAll(running);
        }
    }

    private Task StartAsync(SourceScan scan)
    {
        try
        {
            return threads.RunAsync<object?>(null, () => Read(scan));
        }
        catch (OutOfMemoryException)
        {
            scan.End(null, "the system allows no more threads");
            return Task.CompletedTask;
        }
    }

    private object? Read(SourceScan scan)
    {
        SourceListing? content = null;
        string? failure = null;
        try
        {
            content = SourceListing.Describe(scan.Settings.Kind, read(scan.Settings));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // Its message may name a path of this machine.
            failure = "its folders could not be opened";
        }
        catch (Exception problem)
        {
            // A scan without an end would leave the source unknown for ever.
            failure = InternalError;
            if (scan.Failure != InternalError)
                failed(problem, scan.Settings.Kind);
        }

        lock (_lock)
            scan.End(content, failure);
        changed();
        return null;
    }
}
