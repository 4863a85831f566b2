using System.Globalization;

namespace ModelRunner.Linux.Files;

/// <summary>
/// A folder held by an open descriptor. Whatever happens to its path meanwhile, what is read and removed is in this folder: a name that
/// becomes a link to another place cannot lead there.
/// </summary>
internal sealed class HeldFolder : IDisposable
{
    private readonly int _descriptor;

    private HeldFolder(int descriptor, FileStatus status) => (_descriptor, Status) = (descriptor, status);

    /// <summary>Its status when it was opened.</summary>
    public FileStatus Status { get; }

    /// <summary>Opens a folder by its path, through links; null where there is none or it may not be read.</summary>
    public static HeldFolder? Open(string path) => Open(Libc.CurrentDirectory, path, 0);

    /// <summary>Opens a folder in this one; null where the name is not there, is a link or is no folder.</summary>
    public HeldFolder? OpenFolder(string name) => Open(_descriptor, name, Libc.OpenNoFollow);

    /// <summary>The names in this folder; empty where they cannot be read.</summary>
    public IReadOnlyList<string> ReadNames()
    {
        try
        {
            // The link of the descriptor leads to the folder itself, not to whatever its path names now.
            string self = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{_descriptor}/");
            return [.. Directory.EnumerateFileSystemEntries(self).Select(static path => Path.GetFileName(path))];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Removes a file, a socket or a link; false where it is a folder or cannot be removed.</summary>
    public bool RemoveFile(string name) => Libc.UnlinkAt(_descriptor, name, 0) == 0;

    /// <summary>Removes an empty folder, if the name still leads to the expected one.</summary>
    public bool RemoveFolder(string name, FileStatus expected) =>
        FileStatus.OfName(_descriptor, name).IsSameFileAs(expected) && Libc.UnlinkAt(_descriptor, name, Libc.RemoveDirectory) == 0;

    /// <summary>Takes a shared lock that lasts until disposal. Programs that clean temporary folders leave a locked one alone.</summary>
    public bool TryLockShared() => Libc.Lock(_descriptor, Libc.LockShared | Libc.LockNoWait) == 0;

    /// <summary>Takes the exclusive lock; false while anybody else holds a lock.</summary>
    public bool TryLockExclusive() => Libc.Lock(_descriptor, Libc.LockExclusive | Libc.LockNoWait) == 0;

    public void Dispose() => _ = Libc.Close(_descriptor);

    private static HeldFolder? Open(int folder, string name, int flags)
    {
        int descriptor = Libc.OpenAt(folder, name, flags | Libc.OpenDirectory | Libc.OpenNoBlock | Libc.OpenCloseOnExec, 0);
        if (descriptor < 0)
            return null;
        if (FileStatus.OfDescriptor(descriptor) is { Exists: true } status)
            return new HeldFolder(descriptor, status);

        _ = Libc.Close(descriptor);
        return null;
    }
}
