using ModelRunner.Store.Names;

namespace ModelRunner.Store.Layout;

/// <summary>
/// The files that this process is using: pulls, loads, pushes and exports hold theirs, whether a model in the list has them or not. Safe to call from any
/// thread.
/// </summary>
internal sealed class StoreHolds
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Digest, int> _counts = [];

    /// <summary>Keeps files until disposal.</summary>
    public IDisposable Hold(IReadOnlyList<Digest> files)
    {
        lock (_lock)
        {
            foreach (Digest file in files)
                _counts[file] = _counts.GetValueOrDefault(file) + 1;
        }

        return new HeldFiles(this, files);
    }

    /// <summary>Whether a file is held.</summary>
    public bool Contains(Digest file)
    {
        lock (_lock)
            return _counts.ContainsKey(file);
    }

    /// <summary>Removes a file unless it is held. Nobody can begin to hold it meanwhile.</summary>
    /// <param name="file">The file.</param>
    /// <param name="remove">Removes it.</param>
    /// <returns>What that returned; false: the file is held.</returns>
    public bool RemoveUnheld(Digest file, Func<bool> remove)
    {
        lock (_lock)
            return !_counts.ContainsKey(file) && remove();
    }

    private void Release(IReadOnlyList<Digest> files)
    {
        lock (_lock)
        {
            foreach (Digest file in files)
            {
                if (--_counts[file] == 0)
                    _counts.Remove(file);
            }
        }
    }

    private sealed class HeldFiles(StoreHolds holds, IReadOnlyList<Digest> files) : IDisposable
    {
        private int _isReleased;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isReleased, 1) == 0)
                holds.Release(files);
        }
    }
}
