using ModelRunner.Store.Layout;

namespace ModelRunner.Daemon.Models;

/// <summary>The files that a removal of models is about to delete. No runner is started with one of them. Safe to call from any thread.</summary>
internal sealed class FilesInRemoval
{
    private readonly CountedHolds<string> _paths = new();

    /// <summary>Adds files and folders until disposal.</summary>
    /// <param name="paths">Absolute paths.</param>
    public IDisposable Add(IReadOnlyList<string> paths) => _paths.Hold(paths);

    /// <summary>Whether a runner of this model would load one of the files.</summary>
    public bool HasFileOf(ModelEntry model)
    {
        IEnumerable<string?> paths =
            [model.Path, model.ProjectorPath, model.ChatTemplatePath, .. model.Adapters, .. model.Files.SelectMany(static file => file.Shards)];
        return _paths.Decide(removed => removed.Count > 0 && paths.OfType<string>().Any(path => removed.Any(folder => IsIn(path, folder))));
    }

    private static bool IsIn(string path, string removed) =>
        path.StartsWith(removed, StringComparison.Ordinal) && (path.Length == removed.Length || path[removed.Length] == '/');
}
