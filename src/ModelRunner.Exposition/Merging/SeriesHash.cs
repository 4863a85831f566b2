using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Merging;

/// <summary>
/// Hashes of names and labels. The hash of a label set is the sum of the hashes of its labels, so it does not depend on their order, and a
/// label that is added or renamed costs one addition. Equal hashes are always followed by a comparison of the bytes.
/// </summary>
/// <remarks>The seed is that of the process, as for strings, so that no source can send labels that were made to collide.</remarks>
internal static class SeriesHash
{
    private const ulong Multiplier = 0x9E3779B97F4A7C15;
    private const ulong OtherMultiplier = 0xD6E8FEB86659FD93;

    private static readonly ulong Seed = ((ulong)(uint)HashCode.Combine(1) << 32) | (uint)HashCode.Combine(2) | 1;

    /// <summary>The hash of a name, or of a label in canonical form from the first byte of its name to the last of its value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        ref var start = ref MemoryMarshal.GetReference(bytes);
        var hash = Seed ^ ((ulong)bytes.Length * Multiplier);
        if (bytes.Length < 8)
            return Fold(hash ^ ReadShort(bytes), OtherMultiplier);
        var position = 0;
        for (; position <= bytes.Length - 8; position += 8)
            hash = Fold(hash ^ Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, position)), Multiplier);
        return Fold(hash ^ Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, bytes.Length - 8)), OtherMultiplier);
    }

    private static ulong ReadShort(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= 4)
            return BinaryPrimitives.ReadUInt32LittleEndian(bytes) | ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]) << 32);
        return bytes.IsEmpty ? 0 : bytes[0] | ((ulong)bytes[bytes.Length / 2] << 8) | ((ulong)bytes[^1] << 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Fold(ulong left, ulong right)
    {
        var high = Math.BigMul(left, right, out ulong low);
        return high ^ low;
    }
}
