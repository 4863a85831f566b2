using System.Globalization;

namespace ModelRunner.Linux.Files;

/// <summary>
/// A folder held by an open descriptor. Files are read and removed in this folder even if its path leads to another folder meanwhile, for
/// instance because it was replaced by a link.
/// </summary>
internal sealed class HeldFolder : IDisposable
{
    private readonly int _descriptor;

    private HeldFolder(int descriptor, FileStatus status) => (_descriptor, Status) = (descriptor, status);

    /// <summary>Its status when it was opened.</summary>
    public FileStatus Status { get; }

    /// <summary>Opens a folder by its path; links are followed. Null where there is none or it may not be read.</summary>
    public static HeldFolder? Open(string path) => Open(Libc.CurrentDirectory, path, 0);

    /// <summary>Opens a folder in this one. Null where the name does not exist, is a link or is not a folder.</summary>
    public HeldFolder? OpenFolder(string name) => Open(_descriptor, name, Libc.OpenNoFollow);

    /// <summary>The status of a name in this folder; a link is not followed.</summary>
    public FileStatus StatusOf(string name) => FileStatus.OfName(_descriptor, name);

    /// <summary>The names in this folder; empty where they cannot be read.</summary>
    public IReadOnlyList<string> ReadNames()
    {
        try
        {
            // The link of the descriptor leads to the open folder, even if its path leads to another one now.
            string self = string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{_descriptor}/");
            return [.. Directory.EnumerateFileSystemEntries(self).Select(static path => Path.GetFileName(path))];
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Removes a file, a socket or a link. Returns false where it is a folder or cannot be removed.</summary>
    public bool RemoveFile(string name) => Libc.UnlinkAt(_descriptor, name, 0) == 0;

    /// <summary>Removes an empty folder, if the name still leads to the expected one.</summary>
    public bool RemoveFolder(string name, FileStatus expected) =>
        FileStatus.OfName(_descriptor, name).IsSameFileAs(expected) && Libc.UnlinkAt(_descriptor, name, Libc.RemoveDirectory) == 0;

    /// <summary>Takes a shared lock that lasts until disposal. Programs that clean temporary folders leave a locked one alone.</summary>
    public bool TryLockShared() => Libc.Lock(_descriptor, Libc.LockShared | Libc.LockNoWait) == 0;

    /// <summary>Takes the exclusive lock. Returns false while another descriptor has a lock.</summary>
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
