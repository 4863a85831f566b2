using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Scans the model store on a separate thread, one scan at a time, and keeps the last result. Each caller limits how long it waits for a
/// scan. Safe to call from any thread.
/// </summary>
internal sealed class CatalogWatch(DaemonSettings settings, TimeProvider time, Func<StoreListing> scan, FileThreads threads)
{
    /// <summary>The minimum age of a scan before the next one. A scan of a thousand files takes a few milliseconds.</summary>
    private static readonly TimeSpan ScanInterval = TimeSpan.FromSeconds(2);

    /// <summary>The pause after a scan, as a multiple of its duration: at most a twentieth of one thread's time goes to scans.</summary>
    private const int PauseFactor = 20;

    /// <summary>The same for a name that the last scan did not find: at most half of one thread's time goes to scans.</summary>
    private const int PauseFactorForUnknown = 1;

    private static readonly StoreListing Nothing = new([], []);

    private readonly Lock _lock = new();
    private volatile DaemonSettings _settings = settings;
    private volatile CatalogScan? _last;
    private volatile StoreListing _listing = Nothing;
    private volatile string? _failure;
    private Task _scanning = Task.CompletedTask;
    private long _scanStarted;

    /// <summary>The last scan; null: there was none yet.</summary>
    public CatalogScan? Last => _last;

    /// <summary>Why the store could not be read after <see cref="Last"/>; null: it could.</summary>
    public string? Failure => _failure;

    /// <summary>The age of the last scan.</summary>
    public TimeSpan Age => _last is { } last ? time.GetElapsedTime(last.Timestamp) : TimeSpan.MaxValue;

    /// <summary>Starts a scan if the last one is older than two seconds and 20 times its duration. Waits for a scan that runs.</summary>
    /// <param name="patience">How long a scan may have run while a caller waits for it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task RefreshAsync(TimeSpan patience, CancellationToken cancellationToken) =>
        RefreshAsync(ScanInterval, PauseFactor, patience, cancellationToken);

    /// <summary>Starts a scan for a name that the last one did not find, if the last one is older than its own duration. Waits for a scan that runs.</summary>
    /// <param name="maxAge">A younger scan is good enough.</param>
    /// <param name="patience">How long a scan may have run while a caller waits for it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task RefreshForUnknownAsync(TimeSpan maxAge, TimeSpan patience, CancellationToken cancellationToken) =>
        RefreshAsync(maxAge, PauseFactorForUnknown, patience, cancellationToken);

    /// <summary>
    /// Replaces the settings and combines the models again, with what the last scan of the store found. Returns when that is done. It does not
    /// read the store.
    /// </summary>
    public Task ConfigureAsync(DaemonSettings settings)
    {
        lock (_lock)
        {
            _settings = settings;
            _scanStarted = time.GetTimestamp();
            return _scanning = CombineAfterAsync(_scanning);
        }
    }

    private async Task CombineAfterAsync(Task scanning)
    {
        // A scan that runs may have used the old settings.
        await scanning.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        await threads.RunAsync<object?>(null, () =>
        {
            if (_last is { } last)
                _last = last with { Snapshot = new ModelSnapshotBuilder(_settings).Build(_listing) };
            return null;
        });
    }

    private async Task RefreshAsync(TimeSpan maxAge, int pauseFactor, TimeSpan patience, CancellationToken cancellationToken)
    {
        Task scanning;
        TimeSpan rest;
        lock (_lock)
        {
            if (_scanning.IsCompleted && IsOlder(maxAge, pauseFactor))
            {
                _scanStarted = time.GetTimestamp();
                _scanning = threads.RunAsync<object?>(null, Scan);
            }

            scanning = _scanning;
            rest = patience - time.GetElapsedTime(_scanStarted);
        }

        if (scanning.IsCompleted || rest <= TimeSpan.Zero)
            return;

        // If a scan failed, the next caller starts another one.
        await Task.WhenAny(scanning, Task.Delay(rest, time, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
    }

    private bool IsOlder(TimeSpan maxAge, int pauseFactor)
    {
        if (_last is not { IsWithoutStore: false } last)
            return true;
        TimeSpan pause = last.Duration * pauseFactor;
        return time.GetElapsedTime(last.Timestamp) >= (maxAge > pause ? maxAge : pause);
    }

    private object? Scan()
    {
        long started = time.GetTimestamp();

        // Models that are not in the store need not wait until it has been read.
        if (_last is null)
            _last = Make(Nothing, started) with { IsWithoutStore = true };
        try
        {
            _listing = scan();
            _failure = null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _failure = failure.Message;
            throw;
        }

        _last = Make(_listing, started);
        return null;
    }

    private CatalogScan Make(StoreListing store, long started) =>
        new(new ModelSnapshotBuilder(_settings).Build(store), time.GetTimestamp(), time.GetElapsedTime(started));
}
