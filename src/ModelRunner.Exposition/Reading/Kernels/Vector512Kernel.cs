using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ModelRunner.Exposition.Reading.Kernels;

/// <summary>One register of 512 bits: AVX-512BW.</summary>
internal readonly struct Vector512Kernel : IBlockKernel
{
    public static bool IsSupported => Vector512.IsHardwareAccelerated;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static BlockMasks Classify(ref readonly byte block)
    {
        var bytes = Vector512.LoadUnsafe(in block);
        return new BlockMasks(
            Vector512.Equals(bytes, Vector512.Create((byte)'\n')).ExtractMostSignificantBits(),
            Vector512.Equals(bytes, Vector512.Create((byte)'"')).ExtractMostSignificantBits(),
            Vector512.Equals(bytes, Vector512.Create((byte)'\\')).ExtractMostSignificantBits(),
            bytes.ExtractMostSignificantBits());
    }
}
