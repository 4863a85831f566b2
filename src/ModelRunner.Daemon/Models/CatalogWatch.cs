using ModelRunner.Configuration;
using ModelRunner.Linux.Files;
using ModelRunner.Store.Foreign;
using ModelRunner.Store.Names;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Scans the models folder and the stores of other tools in the background, and combines what the last scans found. Callers use the last result; they can wait
/// a limited time for scans that changes have made necessary, but start none. Safe to call from any thread.
/// </summary>
internal sealed class CatalogWatch : IDisposable
{
    private const int MaxWatchedParts = 64;

    private static readonly StoreListing Nothing = new([], []);

    private readonly Lock _building = new();
    private readonly TimeProvider _time;
    private readonly FileThreads _threads;
    private readonly FolderWatcher? _watcher;
    private readonly BackgroundScan<StoreListing> _store;
    private readonly SourceScans _sources;
    private readonly ConfiguredFiles _configured;
    private string[] _watchedPaths = [];
    private volatile DaemonSettings _settings;
    private volatile CatalogScan? _last;

    /// <param name="settings">The settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="scan">Reads the models folder.</param>
    /// <param name="threads">The threads for that.</param>
    /// <param name="readSource">Reads the stores of a tool.</param>
    /// <param name="watcher">Tells about changes, and is disposed of with this object; null: the places are scanned from time to time.</param>
    /// <param name="failed">Told about a fault of the daemon, with the place where it happened.</param>
    /// <param name="configuredThreads">The threads for the files that the configuration names; null: those of this process.</param>
    public CatalogWatch(
        DaemonSettings settings, TimeProvider time, Func<WatchScan?, StoreListing> scan, FileThreads threads,
        Func<SourceSettings, WatchScan?, ForeignListing> readSource, FolderWatcher? watcher, Action<Exception, string> failed,
        ISourceThreads? configuredThreads = null)
    {
        (_settings, _time, _threads, _watcher) = (settings, time, threads, watcher);
        _store = new BackgroundScan<StoreListing>(
            time, threads, watches => ReadStore(scan, watches), watcher, Combine, failure => failed(failure, "the models folder"));
        _configured = new ConfiguredFiles(configuredThreads ?? FileThreads.Configured, time, () => _ = CombineAsync());
        _sources = new SourceScans(
            time, readSource, FileThreads.Sources, watcher, Combine, (failure, kind) => failed(failure, SourceText.ToolOf(kind)));
        _sources.Configure(settings.Sources);
    }

    /// <summary>Called after the models were combined again, on the thread that did it.</summary>
    public Action? Changed { get; set; }

    /// <summary>The last result; null: there was none yet.</summary>
    public CatalogScan? Last => _last;

    /// <summary>The stores of other tools that exist or have a problem.</summary>
    public IReadOnlyList<SourceReport> Sources => _sources.Report();

    /// <summary>Whether the stores of a tool have not been read yet, and may be soon.</summary>
    public bool HasUnknownSource => _sources.IsAnyUnknown;

    /// <summary>Why what is known of the models folder may be old, one sentence each.</summary>
    public IEnumerable<string> FindStoreProblems()
    {
        if (_last is not { IsWithoutStore: false })
            yield return "the models folder is still being read; its models are missing";
        else if (SourceScan.DescribeHang(_store.RunsFor) is { } hang)
            yield return $"the models folder {hang}; the models of the last scan are used";
        if (_store.Failure is { } failure)
            yield return $"the models folder cannot be read now: {failure}";
        if (_store.WatchProblem is { } reason)
            yield return $"the models folder {SourceScan.DescribeUnwatched(reason)}";
    }

    /// <summary>Begins the first scans, unless that was done before. It waits for none.</summary>
    public void Start()
    {
        _store.Start();
        _sources.Start();
    }

    /// <summary>
    /// Waits for the scans that run, or that known changes make necessary, also those that the kernel has not told yet. Returns at once if there are none.
    /// </summary>
    /// <param name="patience">How long a change may have been known while a caller waits for its scan.</param>
    /// <param name="firstPatience">The same for the first scan of a place.</param>
    /// <param name="isForStoreOnly">Whether the stores of other tools are neither scanned nor waited for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether something was waited for.</returns>
    public async Task<bool> SettleAsync(TimeSpan patience, TimeSpan firstPatience, bool isForStoreOnly, CancellationToken cancellationToken)
    {
        if (isForStoreOnly)
            _store.Start();
        else
            Start();
        _watcher?.TakeEvents();
        var waits = new List<Task> { WaitAsync(_store) };
        if (!isForStoreOnly)
            waits.AddRange(_sources.All.Select(source => WaitAsync(source.Scan)));
        var all = Task.WhenAll(waits);
        bool isPending = !all.IsCompleted;
        await all;
        return isPending;

        async Task WaitAsync<T>(BackgroundScan<T> scan)
            where T : class
        {
            (Task end, TimeSpan age) = scan.FindPending();
            if (!end.IsCompleted)
                await WaitForAsync(end, (scan.IsUnknown ? firstPatience : patience) - age, cancellationToken);
        }
    }

    /// <summary>Scans the stores that the daemon writes to, because it has changed them.</summary>
    /// <param name="patience">How long the caller waits at most.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task RescanStoreAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        Start();
        IEnumerable<SourceScan> stores = _sources.All.Where(static source => source.Settings.Kind is SourceKind.Pulled or SourceKind.Docker);
        return WaitForAsync(Task.WhenAll(stores.Select(static source => source.Scan.ScanNowAsync())), patience, cancellationToken);
    }

    /// <summary>Replaces the settings and combines the models again, with what the last scans found. Returns when that is done. It reads no store.</summary>
    public Task ConfigureAsync(DaemonSettings settings)
    {
        _settings = settings;
        _sources.Configure(settings.Sources);

        // The files that the new settings name are watched from now on.
        if (_watcher is not null)
            _ = _store.ScanNowAsync();
        return CombineAsync();
    }

    /// <summary>The models of the last scans as they would be with other settings. It reads no store.</summary>
    /// <param name="settings">The other settings.</param>
    /// <returns>The models; null: the disk is slow.</returns>
    public Task<ModelSnapshot?> PreviewAsync(DaemonSettings settings) => _threads.RunAsync<ModelSnapshot?>(null, () =>
        new ModelSnapshotBuilder(settings, _configured.Find(settings)).Build(_store.Content ?? Nothing, _sources.Listings));

    public void Dispose()
    {
        _store.Dispose();
        _sources.Dispose();
        _watcher?.Dispose();
    }

    private async Task WaitForAsync(Task task, TimeSpan patience, CancellationToken cancellationToken)
    {
        if (task.IsCompleted || patience <= TimeSpan.Zero)
            return;
        try
        {
            await task.WaitAsync(patience, _time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // The last result is used.
        }
    }

    private Task<object?> CombineAsync() => _threads.RunAsync<object?>(null, () =>
    {
        Combine();
        return null;
    });

    private StoreListing ReadStore(Func<WatchScan?, StoreListing> scan, WatchScan? watches)
    {
        DaemonSettings settings = _settings;
        IReadOnlyDictionary<string, ConfiguredFile> files = _configured.Read(settings);

        // Models that are not in the store need not wait until it has been read.
        if (_last is null)
            Combine();
        string[] watched = watches is null ? [] : WatchConfigured(watches, settings, files);
        StoreListing found = scan(watches);
        _watchedPaths = watched;
        return found;
    }

    // An image projector beside a file is found by the next scan. To watch a file on a disk that does not respond would block this scan, so each is read before
    // it is watched. The watches of the last scan have told of changes in between; files that it did not watch are read once more.
    private string[] WatchConfigured(WatchScan watches, DaemonSettings settings, IReadOnlyDictionary<string, ConfiguredFile> files)
    {
        string[] paths = [.. settings.Models.Values.Select(static model => model.Path).OfType<string>().Where(path => !files[path].IsHanging)];
        foreach (string path in paths)
            foreach (string part in ShardName.TryParse(path, out ShardName shard) ? shard.AllPaths().Take(MaxWatchedParts) : [path])
                watches.File(part);
        string[] fresh = [.. paths.Except(_watchedPaths, StringComparer.Ordinal)];
        if (fresh.Length > 0)
            _configured.Read(settings, fresh);
        return paths;
    }

    // Scans of several places may end at the same time; the last one that combines the models must know all of them.
    private void Combine()
    {
        lock (_building)
        {
            StoreListing? store = _store.Content;
            IReadOnlyList<SourceListing> sources = _sources.Listings;
            DaemonSettings settings = _settings;
            _last = new CatalogScan(new ModelSnapshotBuilder(settings, _configured.Find(settings)).Build(store ?? Nothing, sources))
            {
                IsWithoutStore = store is null, Sizes = store is null ? [] : SourceSizes.Of(store, sources),
                Lists = [.. sources.Where(static source => source.Kind == SourceKind.Pulled).SelectMany(static source => source.Content.Lists)],
            };
        }

        Changed?.Invoke();
    }
}
