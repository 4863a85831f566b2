using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Reading.Kernels;

/// <summary>
/// Where the bytes that give a line its structure stand within a block, and those that are not ASCII; one bit for each byte, the first the
/// lowest.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct BlockMasks(ulong LineFeeds, ulong Quotes, ulong Backslashes, ulong NonAscii)
{
    /// <summary>How many bytes a block has.</summary>
    public const int Bytes = 64;
}
