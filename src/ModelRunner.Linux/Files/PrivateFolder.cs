using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ModelRunner.Linux.Files;

/// <summary>
/// An open folder that belongs to this user and that nobody else may write to. It is checked and used through one descriptor, so that what
/// was checked is what is used, whatever happens to its name.
/// </summary>
internal sealed unsafe partial class PrivateFolder : IDisposable
{
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH
    private const uint WantsModeAndUser = 0x1 | 0x2 | 0x8; // STATX_TYPE | STATX_MODE | STATX_UID
    private const int WritableByOthers = 0x12; // octal 0022
    private const uint OwnerOnly = 0x1C0; // octal 0700

    private static readonly int OpenFolderOnly = Libc.OpenDirectory | Libc.OpenNoFollow | Libc.OpenCloseOnExec; // O_RDONLY being 0

    private readonly SafeFileHandle _handle;

    private PrivateFolder(SafeFileHandle handle) => _handle = handle;

    /// <summary>This user.</summary>
    public static uint User => EffectiveUser();

    /// <summary>The path that leads through the descriptor.</summary>
    public string Path => string.Create(CultureInfo.InvariantCulture, $"/proc/self/fd/{_handle.DangerousGetHandle()}/");

    /// <summary>Opens a folder.</summary>
    /// <param name="path">Its absolute path.</param>
    /// <param name="create">Whether it is made, with mode 0700, where it is missing.</param>
    /// <returns>Null where there is none, or where it is a link, another user's, or open to others.</returns>
    public static PrivateFolder? TryOpen(string path, bool create)
    {
        if (create)
            _ = MakeDirectory(path, OwnerOnly);
        int descriptor = Open(path, OpenFolderOnly, 0);
        if (descriptor < 0)
            return null;

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        if (IsPrivate(descriptor))
            return new PrivateFolder(handle);

        handle.Dispose();
        return null;
    }

    /// <summary>Removes a folder if it is empty.</summary>
    public static void RemoveIfEmpty(string path) => _ = RemoveDirectory(path);

    public void Dispose() => _handle.Dispose();

    private static bool IsPrivate(int descriptor)
    {
        // struct statx is the same on every machine: 256 bytes, the user at 20, the mode at 28.
        byte* facts = stackalloc byte[256];
        return StatusOf(descriptor, "", EmptyPath, WantsModeAndUser, facts) == 0
            && *(uint*)(facts + 20) == User && (*(ushort*)(facts + 28) & WritableByOthers) == 0;
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeDirectory(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "rmdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RemoveDirectory(string path);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatusOf(int folder, string path, int flags, uint mask, byte* facts);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();
}
