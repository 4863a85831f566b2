using System.Runtime.InteropServices;
using System.Text;

namespace ModelRunner.Linux.Files;

/// <summary>
/// Writes whole lines to a file descriptor. After an error it knows whether a part of the line was written, so that the next line does not
/// continue it. Not safe for several threads.
/// </summary>
/// <remarks>
/// It does not make the descriptor non-blocking, since other processes share standard error and its mode. So a write may block.
/// </remarks>
/// <param name="descriptor">Open for writing. The caller closes it.</param>
/// <param name="isWithinLine">Whether the last line that was written there before is incomplete.</param>
internal sealed unsafe class DescriptorWriter(int descriptor, bool isWithinLine = false)
{
    /// <summary>Whether the last line is incomplete because of an error. Then the next line begins with a line feed.</summary>
    public bool IsWithinLine { get; private set; } = isWithinLine;

    /// <summary>Writes a line and its line feed.</summary>
    /// <returns>Null, or the error message of the system.</returns>
    public string? Write(string line)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(IsWithinLine ? $"\n{line}\n" : line + "\n");
        ReadOnlySpan<byte> rest = bytes;
        while (!rest.IsEmpty)
        {
            nint written;
            fixed (byte* first = rest)
                written = Libc.Write(descriptor, first, rest.Length);
            if (written > 0)
            {
                IsWithinLine = true;
                rest = rest[(int)written..];
                continue;
            }

            int error = written == 0 ? 0 : Marshal.GetLastPInvokeError();
            if (error == Libc.ErrorTryAgain)
                WaitForRoom();
            else if (error != Libc.ErrorInterrupted)
                return error == 0 ? "nothing was written" : Marshal.GetPInvokeErrorMessage(error);
        }

        IsWithinLine = false;
        return null;
    }

    // Another process that shares the descriptor has made it non-blocking.
    private void WaitForRoom()
    {
        var entry = new PollEntry { File = descriptor, Events = Libc.PollOut };
        _ = Libc.Poll(&entry, 1, -1);
    }
}
