namespace ModelRunner.Daemon.Models;

/// <summary>The files that a removal of models is about to delete. No runner is started with one of them. Safe to call from any thread.</summary>
internal sealed class FilesInRemoval
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _counts = [];

    /// <summary>Adds files and folders until disposal.</summary>
    /// <param name="paths">Absolute paths.</param>
    public IDisposable Add(IReadOnlyList<string> paths)
    {
        lock (_lock)
        {
            foreach (string path in paths)
                _counts[path] = _counts.GetValueOrDefault(path) + 1;
        }

        return new AddedFiles(this, paths);
    }

    /// <summary>Whether a runner of this model would load one of the files.</summary>
    public bool HasFileOf(ModelEntry model)
    {
        IEnumerable<string?> paths =
            [model.Path, model.ProjectorPath, model.ChatTemplatePath, .. model.Adapters, .. model.Files.SelectMany(static file => file.Shards)];
        lock (_lock)
            return _counts.Count > 0 && paths.OfType<string>().Any(path => _counts.Keys.Any(removed => IsIn(path, removed)));
    }

    private static bool IsIn(string path, string removed) =>
        path.StartsWith(removed, StringComparison.Ordinal) && (path.Length == removed.Length || path[removed.Length] == '/');

    private void Remove(IReadOnlyList<string> paths)
    {
        lock (_lock)
        {
            foreach (string path in paths)
            {
                if (--_counts[path] == 0)
                    _counts.Remove(path);
            }
        }
    }

    private sealed class AddedFiles(FilesInRemoval files, IReadOnlyList<string> paths) : IDisposable
    {
        private int _isRemoved;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _isRemoved, 1) == 0)
                files.Remove(paths);
        }
    }
}
