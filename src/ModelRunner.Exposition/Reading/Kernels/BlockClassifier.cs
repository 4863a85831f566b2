using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Reading.Kernels;

/// <summary>Runs a kernel over many blocks. The loop is compiled once for each kernel.</summary>
internal static class BlockClassifier
{
    /// <summary>The kernels that this machine supports, the widest last.</summary>
    public static IReadOnlyList<BlockKernel> Supported { get; } = [.. Enum.GetValues<BlockKernel>().Where(IsSupported)];

    /// <summary>The default kernel.</summary>
    public static BlockKernel Best { get; } = Supported[^1];

    /// <summary>Classifies bytes block by block.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="bytes">Any number of bytes; missing bytes of the last block count as zeros.</param>
    /// <param name="masks">Receives one element for each block, including a partial one.</param>
    /// <returns>The number of elements that were written.</returns>
    public static int Classify(BlockKernel kernel, ReadOnlySpan<byte> bytes, Span<BlockMasks> masks) => kernel switch
    {
        BlockKernel.Scalar => Classify<ScalarKernel>(bytes, masks),
        BlockKernel.Vector128 => Classify<Vector128Kernel>(bytes, masks),
        BlockKernel.Vector256 => Classify<Vector256Kernel>(bytes, masks),
        _ => Classify<Vector512Kernel>(bytes, masks),
    };

    private static bool IsSupported(BlockKernel kernel) => kernel switch
    {
        BlockKernel.Scalar => ScalarKernel.IsSupported,
        BlockKernel.Vector128 => Vector128Kernel.IsSupported,
        BlockKernel.Vector256 => Vector256Kernel.IsSupported,
        _ => Vector512Kernel.IsSupported,
    };

    private static int Classify<TKernel>(ReadOnlySpan<byte> bytes, Span<BlockMasks> masks)
        where TKernel : struct, IBlockKernel
    {
        var count = 0;
        while (bytes.Length >= BlockMasks.Bytes)
        {
            masks[count++] = TKernel.Classify(ref MemoryMarshal.GetReference(bytes));
            bytes = bytes[BlockMasks.Bytes..];
        }

        if (bytes.IsEmpty)
            return count;
        Span<byte> last = stackalloc byte[BlockMasks.Bytes];
        last.Clear();
        bytes.CopyTo(last);
        masks[count++] = TKernel.Classify(ref MemoryMarshal.GetReference(last));
        return count;
    }
}
