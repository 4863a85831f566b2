using ModelRunner.Linux.Files;

namespace ModelRunner.Daemon.Models;

/// <summary>
/// Tells folders that the kernel makes up, such as <c>/proc</c>, <c>/sys</c> and <c>/dev</c>. They hold no models, and a scan of them may not end.
/// Remembers the answer for each file system. Used by one thread.
/// </summary>
internal sealed class KernelFolders
{
    private readonly Dictionary<ulong, bool> _devices = [];

    // Its file system is an ordinary one in memory, so only the folder itself tells. A folder in /dev/shm that the user names stays usable.
    private readonly FileId _deviceFolder = FileStatus.Of("/dev").Id;

    /// <summary>Whether the kernel makes up what is in a folder.</summary>
    public bool Contains(string path, FileStatus status)
    {
        if (status.Id == _deviceFolder)
            return true;
        if (!_devices.TryGetValue(status.Id.Device, out bool isKernel))
            _devices.Add(status.Id.Device, isKernel = KernelFileSystem.IsAt(path));
        return isKernel;
    }
}
