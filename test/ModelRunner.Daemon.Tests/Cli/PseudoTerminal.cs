using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace ModelRunner.Daemon.Tests.Cli;

/// <summary>Creates terminals without a screen and a keyboard.</summary>
internal static unsafe partial class PseudoTerminal
{
    /// <summary>Creates a terminal and returns the end of the screen and the keyboard.</summary>
    /// <param name="path">The device that a program opens.</param>
    public static SafeFileHandle Open(out string path)
    {
        int descriptor = OpenMaster(0x2 | 0x100 | 0x80000); // O_RDWR | O_NOCTTY | O_CLOEXEC
        Assert.True(descriptor >= 0 && Grant(descriptor) == 0 && Unlock(descriptor) == 0, "There is no pseudo-terminal.");
        byte* name = stackalloc byte[128];
        Assert.Equal(0, NameOf(descriptor, name, 128));
        path = Marshal.PtrToStringUTF8((nint)name)!;
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    /// <summary>Changes the size of a terminal.</summary>
    public static void Resize(SafeFileHandle master, int columns, int rows)
    {
        ushort* size = stackalloc ushort[] { (ushort)rows, (ushort)columns, 0, 0 };
        Assert.Equal(0, Control(master, 0x5414, size)); // TIOCSWINSZ
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Control(SafeFileHandle master, nuint request, ushort* size);

    [LibraryImport("libc", EntryPoint = "posix_openpt")]
    private static partial int OpenMaster(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt")]
    private static partial int Grant(int master);

    [LibraryImport("libc", EntryPoint = "unlockpt")]
    private static partial int Unlock(int master);

    [LibraryImport("libc", EntryPoint = "ptsname_r")]
    private static partial int NameOf(int master, byte* name, nint length);
}
