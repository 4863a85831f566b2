using CsCheck;
using ModelRunner.Exposition.Reading.Kernels;

namespace ModelRunner.Exposition.Tests.Properties;

/// <summary>Kernels differ in speed only.</summary>
public sealed class KernelProperties
{
    [Fact]
    public void Every_kernel_gives_the_masks_of_the_scalar_one_at_every_alignment() =>
        Gen.Select(PageGen.Bytes, Gen.Byte.Array[0, 200], Gen.Int[0, 63]).Sample(
            (page, noise, offset) =>
            {
                var buffer = new byte[offset].Concat(page).Concat(noise).ToArray();
                var bytes = buffer.AsSpan(offset);
                var expected = Masks(BlockKernel.Scalar, bytes);
                foreach (var kernel in BlockClassifier.Supported)
                    Assert.Equal(expected, Masks(kernel, bytes));
                Assert.Equal(bytes.Count((byte)'\n'), expected.Sum(mask => System.Numerics.BitOperations.PopCount(mask.LineFeeds)));
            },
            iter: 3_000);

    private static BlockMasks[] Masks(BlockKernel kernel, ReadOnlySpan<byte> bytes)
    {
        var masks = new BlockMasks[(bytes.Length / BlockMasks.Bytes) + 1];
        return masks[..BlockClassifier.Classify(kernel, bytes, masks)];
    }
}
