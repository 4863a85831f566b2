using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Reading.Kernels;

/// <summary>
/// Eight bytes at a time in a general register, for machines without vectors. It is also the reference for the other kernels.
/// </summary>
internal readonly struct ScalarKernel : IBlockKernel
{
    private const ulong LowBits = 0x7F7F7F7F7F7F7F7F;
    private const ulong Ones = 0x0101010101010101;

    public static bool IsSupported => true;

    public static BlockMasks Classify(ref readonly byte block)
    {
        ulong lineFeeds = 0, quotes = 0, backslashes = 0, nonAscii = 0;
        var bytes = MemoryMarshal.CreateReadOnlySpan(in block, BlockMasks.Bytes);
        for (var position = 0; position < BlockMasks.Bytes; position += sizeof(ulong))
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(bytes[position..]);
            lineFeeds |= Find(word, (byte)'\n') << position;
            quotes |= Find(word, (byte)'"') << position;
            backslashes |= Find(word, (byte)'\\') << position;
            nonAscii |= Gather(word) << position;
        }

        return new BlockMasks(lineFeeds, quotes, backslashes, nonAscii);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Find(ulong word, byte wanted)
    {
        word ^= Ones * wanted;
        // The highest bit of each byte that is now zero. No carry leaves a byte, so bytes do not affect each other.
        return Gather(~(((word & LowBits) + LowBits) | word));
    }

    // The highest bit of each byte; the multiplication collects these eight bits in the highest byte.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Gather(ulong word) => (((word & ~LowBits) >> 7) * 0x0102040810204080) >> 56;
}
