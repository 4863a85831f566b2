using System.Runtime.InteropServices;
using System.Text;

namespace ModelRunner.Linux.Files;

/// <summary>
/// Writes whole lines to a file descriptor. Unlike a stream it knows how much of a line was written before an error, so that the next line
/// never continues half a line. Not safe for several threads.
/// </summary>
/// <remarks>
/// The descriptor's mode stays as it is: standard error is shared with other processes, which would notice a change. So a write may block.
/// </remarks>
/// <param name="descriptor">Open for writing, and the caller's.</param>
/// <param name="isWithinLine">Whether what was written there before ends within a line.</param>
internal sealed unsafe partial class DescriptorWriter(int descriptor, bool isWithinLine = false)
{
    private const int Interrupted = 4; // EINTR
    private const int WouldBlock = 11; // EAGAIN
    private const short CanWrite = 4; // POLLOUT

    /// <summary>Whether an error came within a line: the next line then begins with a line feed.</summary>
    public bool IsWithinLine { get; private set; } = isWithinLine;

    /// <summary>Writes a line and its line feed.</summary>
    /// <returns>Null, or the system's message why it could not be written.</returns>
    public string? Write(string line)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(IsWithinLine ? $"\n{line}\n" : line + "\n");
        ReadOnlySpan<byte> rest = bytes;
        while (!rest.IsEmpty)
        {
            nint written;
            fixed (byte* first = rest)
                written = Write(descriptor, first, rest.Length);
            if (written > 0)
            {
                IsWithinLine = true;
                rest = rest[(int)written..];
                continue;
            }

            int error = written == 0 ? 0 : Marshal.GetLastPInvokeError();
            if (error == WouldBlock)
                WaitForRoom();
            else if (error != Interrupted)
                return error == 0 ? "nothing was written" : Marshal.GetPInvokeErrorMessage(error);
        }

        IsWithinLine = false;
        return null;
    }

    // Another process has switched the shared descriptor to non-blocking mode.
    private void WaitForRoom()
    {
        var entry = new PollEntry { Descriptor = descriptor, Wanted = CanWrite };
        _ = Poll(&entry, 1, -1);
    }

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(int file, byte* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(PollEntry* entries, nuint count, int timeoutMilliseconds);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Wanted;
        public short Found;
    }
}
