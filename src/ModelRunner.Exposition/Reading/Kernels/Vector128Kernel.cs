using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ModelRunner.Exposition.Reading.Kernels;

/// <summary>Four registers of 128 bits: SSE2, or NEON.</summary>
internal readonly struct Vector128Kernel : IBlockKernel
{
    public static bool IsSupported => Vector128.IsHardwareAccelerated;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static BlockMasks Classify(ref readonly byte block)
    {
        var first = Vector128.LoadUnsafe(in block);
        var second = Vector128.LoadUnsafe(in block, 16);
        var third = Vector128.LoadUnsafe(in block, 32);
        var fourth = Vector128.LoadUnsafe(in block, 48);
        return new BlockMasks(
            Find(first, second, third, fourth, (byte)'\n'),
            Find(first, second, third, fourth, (byte)'"'),
            Find(first, second, third, fourth, (byte)'\\'),
            HighestBits(first, second, third, fourth));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Find(Vector128<byte> first, Vector128<byte> second, Vector128<byte> third, Vector128<byte> fourth, byte wanted)
    {
        var pattern = Vector128.Create(wanted);
        return HighestBits(
            Vector128.Equals(first, pattern),
            Vector128.Equals(second, pattern),
            Vector128.Equals(third, pattern),
            Vector128.Equals(fourth, pattern));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong HighestBits(Vector128<byte> first, Vector128<byte> second, Vector128<byte> third, Vector128<byte> fourth) =>
        first.ExtractMostSignificantBits()
        | ((ulong)second.ExtractMostSignificantBits() << 16)
        | ((ulong)third.ExtractMostSignificantBits() << 32)
        | ((ulong)fourth.ExtractMostSignificantBits() << 48);
}
