using System.Runtime.InteropServices;

namespace ModelRunner.Linux;

/// <summary>The C library's <c>struct pollfd</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollEntry
{
    /// <summary>The descriptor to watch; negative: none.</summary>
    public int File;

    public short Events;

    public short Returned;
}
