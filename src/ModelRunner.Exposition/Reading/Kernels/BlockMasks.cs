using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Reading.Kernels;

/// <summary>
/// The positions of structural bytes and of non-ASCII bytes within a block. One bit for each byte; the first byte is the lowest bit.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct BlockMasks(ulong LineFeeds, ulong Quotes, ulong Backslashes, ulong NonAscii)
{
    /// <summary>The number of bytes of a block.</summary>
    public const int Bytes = 64;
}
