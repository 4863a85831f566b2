using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Recognizes folders whose content the kernel generates, such as <c>/proc</c>, <c>/sys</c> and <c>/dev</c>. They contain no models, and a scan
/// of them may not end. Caches the result for each file system. Used by one thread.
/// </summary>
internal sealed class KernelFolders
{
    private readonly Dictionary<ulong, bool> _devices = [];

    // /dev has an ordinary file system in memory, so it is recognized by its inode. A folder in /dev/shm that the user names can be used.
    private readonly FileId _deviceFolder = FileStatus.Of("/dev").Id;

    /// <summary>Whether the kernel generates the content of a folder.</summary>
    public bool Contains(string path, FileStatus status)
    {
        if (status.Id == _deviceFolder)
            return true;
        if (!_devices.TryGetValue(status.Id.Device, out bool isKernel))
            _devices.Add(status.Id.Device, isKernel = KernelFileSystem.IsAt(path));
        return isKernel;
    }
}
