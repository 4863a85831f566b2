using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Merging;

/// <summary>
/// Hashes of names and labels. The hash of a label set is the sum of the hashes of its labels, so it does not depend on their order, and a
/// label that is added or renamed costs one addition. Where it decides whether a sample is a duplicate, equal hashes are followed by a
/// comparison of the bytes; where it decides which samples stand together on an OpenMetrics page, the hash is taken for the labels.
/// </summary>
/// <remarks>
/// The seed is that of the process, as for strings, so that no source can send labels that were made to collide: what a difference of two
/// words becomes depends on the seed. One multiplication of 64 bits for each word is all it takes, since the wide one that other hashes of
/// this kind use is slow where the program is compiled for older processors.
/// </remarks>
internal static class SeriesHash
{
    private const ulong Multiplier = 0x9E3779B97F4A7C15;

    private static readonly ulong Seed = ((ulong)(uint)HashCode.Combine(1) << 32) | (uint)HashCode.Combine(2);
    private static readonly ulong Key = ((ulong)(uint)HashCode.Combine(3) << 32) | (uint)HashCode.Combine(4);

    /// <summary>The hash of a name, or of a label in canonical form from the first byte of its name to the last of its value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(ReadOnlySpan<byte> bytes)
    {
        ref var start = ref MemoryMarshal.GetReference(bytes);
        var hash = Seed + (ulong)bytes.Length;
        if (bytes.Length < sizeof(ulong))
            return Finish(Mix(hash, ReadShort(bytes)));
        var last = bytes.Length - sizeof(ulong);
        for (var position = 0; position < last; position += sizeof(ulong))
            hash = Mix(hash, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, position)));
        return Finish(Mix(hash, Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref start, last))));
    }

    private static ulong ReadShort(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= 4)
            return BinaryPrimitives.ReadUInt32LittleEndian(bytes) | ((ulong)BinaryPrimitives.ReadUInt32LittleEndian(bytes[^4..]) << 32);
        return bytes.IsEmpty ? 0 : bytes[0] | ((ulong)bytes[bytes.Length / 2] << 8) | ((ulong)bytes[^1] << 16);
    }

    // The factor is odd, so that nothing of the hash is lost; the upper half of the product, which all bits have reached, goes below.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong hash, ulong word) =>
        BitOperations.RotateLeft((hash ^ word) * ((BitOperations.RotateLeft(word, 32) + Key) | 1), 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Finish(ulong hash)
    {
        hash = (hash ^ (hash >> 32)) * Multiplier;
        return hash ^ (hash >> 29);
    }
}
