using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ModelRunner.Exposition.Reading.Kernels;

/// <summary>Two registers of 256 bits: AVX2.</summary>
internal readonly struct Vector256Kernel : IBlockKernel
{
    public static bool IsSupported => Vector256.IsHardwareAccelerated;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static BlockMasks Classify(ref readonly byte block)
    {
        var low = Vector256.LoadUnsafe(in block);
        var high = Vector256.LoadUnsafe(in block, 32);
        return new BlockMasks(
            Find(low, high, (byte)'\n'), Find(low, high, (byte)'"'), Find(low, high, (byte)'\\'), HighestBits(low, high));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Find(Vector256<byte> low, Vector256<byte> high, byte wanted)
    {
        var pattern = Vector256.Create(wanted);
        return HighestBits(Vector256.Equals(low, pattern), Vector256.Equals(high, pattern));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong HighestBits(Vector256<byte> low, Vector256<byte> high) =>
        low.ExtractMostSignificantBits() | ((ulong)high.ExtractMostSignificantBits() << 32);
}
