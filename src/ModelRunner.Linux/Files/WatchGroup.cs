namespace ModelRunner.Linux.Files;

/// <summary>The watches of one place. Each scan of the place replaces those of the scan before. One thread at a time may scan.</summary>
internal sealed class WatchGroup : IDisposable
{
    private readonly FolderWatcher _watcher;
    private readonly Lock _lock = new();
    private WatchScan? _current;
    private bool _isDisposed;

    internal WatchGroup(FolderWatcher watcher, Action changed) => (_watcher, Changed) = (watcher, changed);

    internal Action Changed { get; }

    /// <summary>Begins a scan. The watches of the last one stay until the new one is kept.</summary>
    public WatchScan Begin() => new(_watcher, this);

    /// <summary>Keeps the watches of a scan that ended.</summary>
    public void Keep(WatchScan scan)
    {
        WatchScan? old;
        lock (_lock)
        {
            old = _isDisposed ? scan : _current;
            _current = _isDisposed ? null : scan;
        }

        old?.Release();
    }

    public void Dispose()
    {
        WatchScan? old;
        lock (_lock)
        {
            _isDisposed = true;
            old = _current;
            _current = null;
        }

        old?.Release();
        _watcher.Release(this);
    }
}
