using System.Globalization;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Linux.Files;

/// <summary>
/// The folders that one scan reads, and from then on watches. The scan names a folder before it reads it, so no change is lost in between. Used by one
/// thread. It blocks as long as the disk does.
/// </summary>
internal sealed class WatchScan
{
    private const int MaxLinks = 8;
    private const int MaxShownName = 120;

    private readonly FolderWatcher _watcher;
    private readonly Dictionary<string, int> _watches = new(StringComparer.Ordinal);

    internal WatchScan(FolderWatcher watcher, WatchGroup group) => (_watcher, Group, Problem) = (watcher, group, watcher.Problem);

    /// <summary>Why changes may go unnoticed, a clause; null: they do not.</summary>
    public string? Problem { get; private set; }

    internal WatchGroup Group { get; }

    /// <summary>Watches everything in a folder whose name does not begin with a dot.</summary>
    public void Folder(string path)
    {
        if (Add(path, null) && NetworkFileSystem.IsAt(path))
            Problem ??= $"the folder {PlainText.EscapeAndCut(Path.GetFileName(path), MaxShownName)} is on a file system that does not tell about changes";
    }

    /// <summary>Watches one entry of a folder, whether it exists or not, and whether its folder does.</summary>
    public void Entry(string path)
    {
        while (Path.GetDirectoryName(path) is { } folder && !Add(folder, Path.GetFileName(path)))
            path = folder;
    }

    /// <summary>Watches a path with all folders that lead to it: they may be moved, or replaced by links.</summary>
    public void Root(string path)
    {
        for (string? next = path; next is not null; next = Path.GetDirectoryName(next))
            Entry(next);
    }

    /// <summary>Watches where a link leads, also if there is nothing yet. A path that is no link needs no watch beside that of its folder.</summary>
    public void Link(string path)
    {
        for (int links = 0; links < MaxLinks && TargetOf(path) is { } target; links++)
        {
            Entry(target);
            path = target;
        }
    }

    /// <summary>Ends its watches.</summary>
    public void Release() => _watcher.Release(this, _watches.Values);

    private static string? TargetOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget is { Length: > 0 } target ? Path.GetFullPath(target, Path.GetDirectoryName(path)!) : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    private bool Add(string folder, string? name)
    {
        if (name is not null && _watches.TryGetValue(folder, out int known))
        {
            _watcher.AddName(known, name, this);
            return true;
        }

        int watch = _watcher.Add(folder, name, this, out int error);
        if (watch >= 0)
            _watches[folder] = watch;
        else if (error == Libc.ErrorNoSpace)
            Problem ??= "the system allows no more watched folders; raise fs.inotify.max_user_watches";
        else if (error == Libc.ErrorTooManyFiles)
            Problem ??= string.Create(CultureInfo.InvariantCulture, $"more than {FolderWatcher.MaxWatches} folders would have to be watched");

        // A folder that does not exist is waited for in the folder above. One that may not be read is reported by the scan.
        return watch >= 0 || error is not (Libc.ErrorNoEntry or Libc.ErrorNoFolder);
    }
}
