using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Looks at the model store on a thread of its own, one look at a time, and keeps what the last one saw. Nobody waits for a look longer
/// than they want to. Safe to call from any thread.
/// </summary>
internal sealed class CatalogWatch(DaemonSettings settings, TimeProvider time, Func<StoreListing> scan, FileThreads threads)
{
    /// <summary>How long one look at the store counts. A look at a thousand files takes some milliseconds.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(2);

    /// <summary>The pause after a scan, as a multiple of its duration: at most a twentieth of one thread's time goes to scans.</summary>
    private const int PauseFactor = 20;

    /// <summary>The same for a name that the last scan did not find: at most half of one thread's time goes to scans.</summary>
    private const int PauseFactorForUnknown = 1;

    private static readonly StoreListing Nothing = new([], []);

    private readonly Lock _lock = new();
    private volatile CatalogScan? _last;
    private Task _looking = Task.CompletedTask;
    private long _lookStarted;

    /// <summary>What was seen last; null: nothing yet.</summary>
    public CatalogScan? Last => _last;

    /// <summary>How old the last look is.</summary>
    public TimeSpan Age => _last is { } last ? time.GetElapsedTime(last.Timestamp) : TimeSpan.MaxValue;

    /// <summary>Starts a scan if the last one is older than two seconds and 20 times its duration. Waits for a scan that runs.</summary>
    /// <param name="patience">How long a look may have run while somebody waits for it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task RefreshAsync(TimeSpan patience, CancellationToken cancellationToken) =>
        RefreshAsync(LookInterval, PauseFactor, patience, cancellationToken);

    /// <summary>Starts a scan for a name that the last one did not find, if the last one is older than its own duration. Waits for a scan that runs.</summary>
    /// <param name="maxAge">A younger scan is good enough.</param>
    /// <param name="patience">How long a scan may have run while somebody waits for it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task RefreshForUnknownAsync(TimeSpan maxAge, TimeSpan patience, CancellationToken cancellationToken) =>
        RefreshAsync(maxAge, PauseFactorForUnknown, patience, cancellationToken);

    private async Task RefreshAsync(TimeSpan maxAge, int pauseFactor, TimeSpan patience, CancellationToken cancellationToken)
    {
        Task looking;
        TimeSpan rest;
        lock (_lock)
        {
            if (_looking.IsCompleted && IsOlder(maxAge, pauseFactor))
            {
                _lookStarted = time.GetTimestamp();
                _looking = threads.RunAsync<object?>(null, Look);
            }

            looking = _looking;
            rest = patience - time.GetElapsedTime(_lookStarted);
        }

        if (looking.IsCompleted || rest <= TimeSpan.Zero)
            return;

        // A look that failed is made again by the next one who needs it.
        await Task.WhenAny(looking, Task.Delay(rest, time, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
    }

    private bool IsOlder(TimeSpan maxAge, int pauseFactor)
    {
        if (_last is not { IsWithoutStore: false } last)
            return true;
        TimeSpan pause = last.Duration * pauseFactor;
        return time.GetElapsedTime(last.Timestamp) >= (maxAge > pause ? maxAge : pause);
    }

    private object? Look()
    {
        long started = time.GetTimestamp();

        // Models that are not in the store need not wait until it has been read.
        if (_last is null)
            _last = Make(Nothing, started) with { IsWithoutStore = true };
        _last = Make(scan(), started);
        return null;
    }

    private CatalogScan Make(StoreListing store, long started) =>
        new(new ModelSnapshotBuilder(settings).Build(store), time.GetTimestamp(), time.GetElapsedTime(started));
}
