using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Adds up what files occupy on their disks. A file that is found twice, by hard links or by links, counts once. Bounded in entries, so that a link to a
/// large folder cannot make it read the whole disk. Used by one thread.
/// </summary>
/// <param name="maxEntries">The most entries that are read.</param>
/// <param name="cancellationToken">Ends the reading; the result is then incomplete.</param>
internal sealed class DiskUse(int maxEntries, CancellationToken cancellationToken)
{
    private const int MaxDepth = 16;

    private static readonly EnumerationOptions Options = new()
    {
        IgnoreInaccessible = false, RecurseSubdirectories = false, AttributesToSkip = FileAttributes.None, ReturnSpecialDirectories = false,
    };

    private readonly HashSet<FileId> _counted = [];
    private readonly KernelFolders _kernelFolders = new();
    private int _entries;

    /// <summary>Whether something was left out: there are too many entries, a folder could not be read, or the time was over.</summary>
    public bool IsIncomplete { get; private set; }

    /// <summary>The bytes of a file that was not counted before; links are followed.</summary>
    public long OfFile(string path)
    {
        if (!CanGoOn())
            return 0;
        var status = FileStatus.Of(path);
        IsIncomplete |= status.Kind == FileKind.Denied;
        return status.IsRegular && _counted.Add(status.Id) ? status.AllocatedBytes : 0;
    }

    /// <summary>The bytes of files that a scan has looked at and that were not counted before; null: nothing is known of them.</summary>
    public long OfParts(IEnumerable<FilePart>? parts)
    {
        IsIncomplete |= parts is null;
        return (parts ?? []).Where(part => _counted.Add(part.Id)).Sum(static part => part.DiskBytes);
    }

    /// <summary>The bytes of all files below a folder that were not counted before; links are followed.</summary>
    public long OfFolder(string path)
    {
        long sum = 0;
        var folders = new Queue<(string Path, int Depth)>([(path, 0)]);
        while (folders.TryDequeue(out (string Path, int Depth) folder) && CanGoOn())
        {
            var status = FileStatus.Of(folder.Path);
            IsIncomplete |= status.Kind == FileKind.Denied || (status.Kind == FileKind.Folder && folder.Depth > MaxDepth);
            if (status.Kind != FileKind.Folder || folder.Depth > MaxDepth || _kernelFolders.Contains(folder.Path, status) || !_counted.Add(status.Id))
                continue;
            foreach (FileSystemInfo entry in List(folder.Path))
            {
                if (entry is DirectoryInfo)
                    folders.Enqueue((entry.FullName, folder.Depth + 1));
                else
                    sum += OfFile(entry.FullName);
            }
        }

        return sum;
    }

    private IEnumerable<FileSystemInfo> List(string folder)
    {
        try
        {
            // What exceeds the limit is not read.
            return [.. new DirectoryInfo(folder).EnumerateFileSystemInfos("*", Options).Take(Math.Max(0, maxEntries - _entries + 1))];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            IsIncomplete |= failure is UnauthorizedAccessException;
            return [];
        }
    }

    private bool CanGoOn()
    {
        bool canGoOn = !cancellationToken.IsCancellationRequested && ++_entries <= maxEntries;
        IsIncomplete |= !canGoOn;
        return canGoOn;
    }
}
