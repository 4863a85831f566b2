using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>Asks the kernel whether the other end of a socket is closed, even if unread data comes before the end.</summary>
internal static partial class HangUp
{
    private const short PollHangUp = 0x10;

    public static bool IsSeen(Socket socket)
    {
        Descriptor[] one = [new Descriptor { Handle = (int)socket.Handle }];
        return Poll(one, 1, 0) == 1 && (one[0].Events & PollHangUp) != 0;
    }

    [LibraryImport("libc", EntryPoint = "poll")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Poll([In, Out] Descriptor[] descriptors, nuint count, int milliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct Descriptor
    {
        public int Handle;
        public short Wanted;
        public short Events;
    }
}
