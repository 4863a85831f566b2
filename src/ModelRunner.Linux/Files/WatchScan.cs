using System.Globalization;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Linux.Files;

/// <summary>
/// The folders that one scan reads, and from then on watches. The scan names a folder before it reads it, so no change is lost in between. Used by one
/// thread. It blocks as long as the disk does.
/// </summary>
internal sealed class WatchScan
{
    // As many as the kernel follows.
    private const int MaxLinks = 40;
    private const int MaxShownName = 120;

    private readonly FolderWatcher _watcher;
    private readonly Dictionary<string, int> _watches = new(StringComparer.Ordinal);
    private readonly HashSet<int> _numbers = [];
    private readonly HashSet<string> _plain = new(StringComparer.Ordinal);

    internal WatchScan(FolderWatcher watcher, WatchGroup group) => (_watcher, Group, Problem) = (watcher, group, watcher.Problem);

    /// <summary>Why changes may go unnoticed, a clause; null: they do not.</summary>
    public string? Problem { get; private set; }

    /// <summary>The most folders that it watches; the others are left out, and it has a problem.</summary>
    public int MaxFolders { get; set; } = FolderWatcher.MaxWatches;

    /// <summary>
    /// The changes of a folder that count: of files with this extension, of folders, of new links, and of entries that were named; null: all. So a log file
    /// among models causes no scan.
    /// </summary>
    public string? Extension { get; set; }

    internal WatchGroup Group { get; }

    /// <summary>Watches everything in a folder whose name does not begin with a dot.</summary>
    public void Folder(string path)
    {
        if (!Add(path, null))
            return;
        if (NetworkFileSystem.IsAt(path))
            Problem ??= $"the folder {PlainText.EscapeAndCut(Path.GetFileName(path), MaxShownName)} is on a file system that does not tell about changes";
        else if (_watches.TryGetValue(path, out int watch))
            _watcher.LookIn(path, watch, this);
    }

    /// <summary>Watches one entry of a folder, whether it exists or not, and whether its folder does.</summary>
    public void Entry(string path)
    {
        while (Path.GetDirectoryName(path) is { } folder && !Add(folder, Path.GetFileName(path)))
            path = folder;
    }

    /// <summary>Watches a path with all folders and links that lead to it, also if there is nothing yet: they may be moved or replaced.</summary>
    public void Root(string path)
    {
        // As the kernel does it: the folder so far is never a link, so a relative target and ".." begin there.
        var parts = new Stack<string>();
        Push(parts, Path.IsPathRooted(path) ? path : Path.Join(Environment.CurrentDirectory, path));
        string folder = "/";
        int links = 0;
        while (parts.TryPop(out string? part))
        {
            if (part == "..")
            {
                folder = Path.GetDirectoryName(folder) ?? "/";
                continue;
            }

            string next = Path.Join(folder, part);
            if (_plain.Contains(next))
            {
                folder = next;
                continue;
            }

            Entry(next);
            if (TargetOf(next) is not { } target)
            {
                // From here on, a change of it is told: it needs to be looked at once.
                if (parts.Count > 0)
                    _plain.Add(next);
                folder = next;
            }
            else if (++links > MaxLinks)
            {
                return;
            }
            else
            {
                folder = Path.IsPathRooted(target) ? "/" : folder;
                Push(parts, target);
            }
        }
    }

    /// <summary>Watches where a link leads, also if there is nothing yet. A path that is no link needs no watch beside that of its folder.</summary>
    public void Link(string path)
    {
        if (TargetOf(path) is not null)
            Root(path);
    }

    /// <summary>Watches a file and, if it is a link, where it leads, also if there is nothing yet.</summary>
    public void File(string path)
    {
        Entry(path);
        Link(path);
    }

    /// <summary>Ends its watches.</summary>
    public void Release() => _watcher.Release(this, _numbers);

    private static void Push(Stack<string> parts, string path)
    {
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse())
            if (part != ".")
                parts.Push(part);
    }

    private static string? TargetOf(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget is { Length: > 0 } target ? target : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }

    private bool Add(string folder, string? name)
    {
        if (_watches.TryGetValue(folder, out int known) && name is not null)
        {
            _watcher.AddName(known, name, this);
            return true;
        }

        if (_numbers.Count >= MaxFolders)
        {
            Problem ??= TooMany(MaxFolders);
            return true;
        }

        int watch = _watcher.Add(folder, name, this, out int error);
        if (watch >= 0)
        {
            // The folder may have been replaced during the scan. Then the watch before this one has to be ended too.
            _numbers.Add(watch);
            _watches[folder] = watch;
        }
        else if (error == Libc.ErrorNoSpace)
        {
            Problem ??= $"the system allows this user no more watched folders; {WatchLimits.Advise("max_user_watches")}";
        }
        else if (error == Libc.ErrorTooManyFiles)
        {
            Problem ??= TooMany(FolderWatcher.MaxWatches);
        }

        // A folder that does not exist is waited for in the folder above. One that may not be read is reported by the scan.
        return watch >= 0 || error is not (Libc.ErrorNoEntry or Libc.ErrorNoFolder);
    }

    private static string TooMany(int limit) => string.Create(
        CultureInfo.InvariantCulture,
        $"more than {limit} folders would have to be watched; take folders without models, and links to such folders, out of it");
}
