using ModelRunner.Configuration;
using ModelRunner.Store.Foreign;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Scans the model store on a separate thread, one scan at a time, and keeps the last result. Each caller limits how long it waits for a
/// scan. The stores of other tools are scanned beside it, and nobody waits for them who looks for a model of the store. Safe to call from any thread.
/// </summary>
internal sealed class CatalogWatch
{
    /// <summary>The minimum age of a scan before the next one. A scan of a thousand files takes a few milliseconds.</summary>
    private static readonly TimeSpan ScanInterval = TimeSpan.FromSeconds(2);

    /// <summary>The pause after a scan, as a multiple of its duration: at most a twentieth of one thread's time goes to scans.</summary>
    private const int PauseFactor = 20;

    /// <summary>The same for a name that the last scan did not find: at most half of one thread's time goes to scans.</summary>
    private const int PauseFactorForUnknown = 1;

    private static readonly StoreListing Nothing = new([], []);

    /// <summary>The minimum age of a scan of other tools' stores before the next one.</summary>
    private static readonly TimeSpan SourceInterval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private readonly Lock _building = new();
    private readonly TimeProvider _time;
    private readonly Func<StoreListing> _scan;
    private readonly FileThreads _threads;
    private readonly SourceScans _sources;
    private volatile DaemonSettings _settings;
    private volatile CatalogScan? _last;
    private volatile StoreListing _listing = Nothing;
    private volatile string? _failure;
    private Task _scanning = Task.CompletedTask;
    private long _scanStarted;

    public CatalogWatch(
        DaemonSettings settings, TimeProvider time, Func<StoreListing> scan, FileThreads threads, Func<SourceSettings, ForeignListing> readSource,
        Action<Exception, SourceKind> sourceFailed)
    {
        (_settings, _time, _scan, _threads) = (settings, time, scan, threads);
        _sources = new SourceScans(time, readSource, FileThreads.Sources, Rebuild, sourceFailed);
        _sources.Configure(settings.Sources);
    }

    /// <summary>Called after the models were combined again, on the thread that did it.</summary>
    public Action? Changed { get; set; }

    /// <summary>The last scan; null: there was none yet.</summary>
    public CatalogScan? Last => _last;

    /// <summary>Why the store could not be read after <see cref="Last"/>; null: it could.</summary>
    public string? Failure => _failure;

    /// <summary>The stores of other tools that exist or have a problem.</summary>
    public IReadOnlyList<SourceReport> Sources => _sources.Report();

    /// <summary>Whether the stores of a tool have not been read yet, and may be soon.</summary>
    public bool HasUnknownSource => _sources.IsAnyUnknown;

    /// <summary>The age of the last scan.</summary>
    public TimeSpan Age => _last is { } last ? _time.GetElapsedTime(last.Timestamp) : TimeSpan.MaxValue;

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

    /// <summary>Starts scans of other tools' stores that are due, and waits for those that run and have not run for long.</summary>
    /// <param name="isForUnknown">Whether a name was not found, so that a younger scan is not good enough.</param>
    /// <param name="maxAge">A younger scan is good enough for an unknown name.</param>
    /// <param name="patience">How long the caller waits at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task RefreshSourcesAsync(bool isForUnknown, TimeSpan maxAge, TimeSpan patience, CancellationToken cancellationToken)
    {
        Task scanning = _sources.RefreshAsync(isForUnknown ? maxAge : SourceInterval, isForUnknown ? PauseFactorForUnknown : PauseFactor);
        if (scanning.IsCompleted || patience <= TimeSpan.Zero)
            return;

        await Task.WhenAny(scanning, Task.Delay(patience, _time, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Waits for the scans of other tools' stores that run, and scans all of them once more.</summary>
    /// <param name="patience">How long the caller waits at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task RescanSourcesAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        // A scan that runs may have read a store before it was changed.
        for (int round = 0; round < 2; round++)
        {
            await Task.WhenAny(_sources.RefreshAsync(TimeSpan.Zero, pauseFactor: 0), Task.Delay(patience, _time, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>
    /// Replaces the settings and combines the models again, with what the last scan of the store found. Returns when that is done. It does not
    /// read the store.
    /// </summary>
    public Task ConfigureAsync(DaemonSettings settings)
    {
        lock (_lock)
        {
            _settings = settings;
            _sources.Configure(settings.Sources);
            _scanStarted = _time.GetTimestamp();
            return _scanning = CombineAfterAsync(_scanning);
        }
    }

    private async Task CombineAfterAsync(Task scanning)
    {
        // A scan that runs may have used the old settings.
        await scanning.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        await _threads.RunAsync<object?>(null, () =>
        {
            Rebuild();
            return null;
        });
    }

    // Scans of several tools may end at the same time; the last one that combines the models must know all of them.
    private void Rebuild()
    {
        lock (_building)
            if (_last is { } last)
                _last = last with { Snapshot = Build(_listing), Sizes = last.IsWithoutStore ? [] : SourceSizes.Of(_listing, _sources.Listings) };
        Changed?.Invoke();
    }

    private ModelSnapshot Build(StoreListing store) => new ModelSnapshotBuilder(_settings).Build(store, _sources.Listings);

    private async Task RefreshAsync(TimeSpan maxAge, int pauseFactor, TimeSpan patience, CancellationToken cancellationToken)
    {
        Task scanning;
        TimeSpan rest;
        lock (_lock)
        {
            if (_scanning.IsCompleted && IsOlder(maxAge, pauseFactor))
            {
                _scanStarted = _time.GetTimestamp();
                _scanning = _threads.RunAsync<object?>(null, Scan);
            }

            scanning = _scanning;
            rest = patience - _time.GetElapsedTime(_scanStarted);
        }

        if (scanning.IsCompleted || rest <= TimeSpan.Zero)
            return;

        // If a scan failed, the next caller starts another one.
        await Task.WhenAny(scanning, Task.Delay(rest, _time, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
    }

    private bool IsOlder(TimeSpan maxAge, int pauseFactor)
    {
        if (_last is not { IsWithoutStore: false } last)
            return true;
        TimeSpan pause = last.Duration * pauseFactor;
        return _time.GetElapsedTime(last.Timestamp) >= (maxAge > pause ? maxAge : pause);
    }

    private object? Scan()
    {
        long started = _time.GetTimestamp();

        // Models that are not in the store need not wait until it has been read.
        if (_last is null)
            Publish(Nothing, started, isWithoutStore: true);
        try
        {
            _listing = _scan();
            _failure = null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            _failure = failure.Message;
            throw;
        }

        Publish(_listing, started, isWithoutStore: false);
        return null;
    }

    private void Publish(StoreListing store, long started, bool isWithoutStore)
    {
        lock (_building)
        {
            _last = new CatalogScan(Build(store), _time.GetTimestamp(), _time.GetElapsedTime(started))
            {
                IsWithoutStore = isWithoutStore, Sizes = isWithoutStore ? [] : SourceSizes.Of(store, _sources.Listings),
            };
        }
        Changed?.Invoke();
    }
}
