using System.ComponentModel;
using System.Runtime.InteropServices;

namespace ModelRunner.Linux;

/// <summary>Bytes that nobody can guess, from getrandom(2). The generator of .NET needs OpenSSL, which a minimal system lacks.</summary>
internal static unsafe class RandomBytes
{
    /// <summary>Fills a buffer.</summary>
    /// <exception cref="Win32Exception">The system has no random bytes.</exception>
    public static void Fill(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            int filled = 0;
            while (filled < buffer.Length)
            {
                nint count = Libc.GetRandom(start + filled, buffer.Length - filled, 0);
                if (count > 0)
                    filled += (int)count;
                else if (Marshal.GetLastPInvokeError() != Libc.ErrorInterrupted)
                    throw new Win32Exception(Marshal.GetLastPInvokeError());
            }
        }
    }
}
