using System.Globalization;
using Microsoft.Win32.SafeHandles;

namespace ModelRunner.Linux.Files;

/// <summary>
/// An open folder that belongs to this user and that no other user may write to. It is checked and used through one descriptor, so the folder
/// that was checked is also used if its path leads to another one meanwhile.
/// </summary>
internal sealed class PrivateFolder : IDisposable
{
    private const uint OwnerOnly = 0x1C0; // octal 0700

    private static readonly int OpenFolderOnly = Libc.OpenReadOnly | Libc.OpenDirectory | Libc.OpenNoFollow | Libc.OpenCloseOnExec;

    private readonly SafeFileHandle _handle;

    private PrivateFolder(SafeFileHandle handle) => _handle = handle;

    /// <summary>The user of this process.</summary>
    public static uint User => Libc.EffectiveUser();

    /// <summary>A path to it through the descriptor.</summary>
    public string Path => string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{_handle.DangerousGetHandle()}/");

    /// <summary>Opens a folder.</summary>
    /// <param name="path">Its absolute path.</param>
    /// <param name="create">Whether it is created, with mode 0700, where it is missing.</param>
    /// <returns>Null where it does not exist, is a link, belongs to another user, or others may write to it.</returns>
    public static PrivateFolder? TryOpen(string path, bool create)
    {
        if (create)
            _ = Libc.MakeDirectory(path, OwnerOnly);
        int descriptor = Libc.OpenAt(Libc.CurrentDirectory, path, OpenFolderOnly, 0);
        if (descriptor < 0)
            return null;

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (FileStatus.Of(handle).IsPrivate)
            return new PrivateFolder(handle);

        handle.Dispose();
        return null;
    }

    /// <summary>Removes a folder if it is empty.</summary>
    public static void RemoveIfEmpty(string path) => _ = Libc.UnlinkAt(Libc.CurrentDirectory, path, Libc.RemoveDirectory);

    public void Dispose() => _handle.Dispose();
}
