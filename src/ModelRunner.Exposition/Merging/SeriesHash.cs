using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Merging;

/// <summary>
/// Hashes of names and labels. The hash of a label set is the sum of the hashes of its labels, so it does not depend on their order, and an
/// added or renamed label costs one addition. The search for duplicates compares the bytes after equal hashes. The grouping of samples on an
/// OpenMetrics page relies on the hash alone.
/// </summary>
/// <remarks>
/// The seed is random for each process, as for strings, so that no source can send labels that collide on purpose. Each word costs one 64-bit
/// multiplication. The 128-bit multiplication of similar hashes is slow when the program is compiled for older processors.
/// </remarks>
internal static class SeriesHash
{
    private const ulong Multiplier = 0x9E3779B97F4A7C15;

    private static readonly ulong Seed = ((ulong)(uint)HashCode.Combine(1) << 32) | (uint)HashCode.Combine(2);
    private static readonly ulong Key = ((ulong)(uint)HashCode.Combine(3) << 32) | (uint)HashCode.Combine(4);

    /// <summary>The hash of a name, or of a canonical label from the first byte of its name to the last byte of its value.</summary>
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

    // The factor is odd, so the product is reversible. Its upper half, which depends on all bits, is moved down.
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
