using System.Runtime.InteropServices;
using CsCheck;
using ModelRunner.GgufGenerator.Gguf;

namespace ModelRunner.GgufGenerator.Tests.Gguf;

public sealed class TensorEncoderTests
{
    [Fact]
    public void A_block_of_bytes_is_near_its_numbers() =>
        Gen.Float[-1000, 1000].Array[32].Sample(numbers =>
        {
            byte[] block = TensorEncoder.Encode(numbers, GgmlType.Q8_0);

            Assert.Equal(34, block.Length);
            float scale = (float)MemoryMarshal.Read<Half>(block);
            for (int i = 0; i < numbers.Length; i++)
                Assert.Equal(numbers[i], (sbyte)block[2 + i] * scale, numbers.Max(Math.Abs) * 0.006);
        });

    [Fact]
    public void Nothing_but_zeros_is_no_division_by_zero() =>
        Assert.All(TensorEncoder.Encode(new float[32], GgmlType.Q8_0), value => Assert.Equal(0, value));

    [Fact]
    public void A_part_of_a_block_is_refused() =>
        Assert.Throws<ArgumentException>(() => TensorEncoder.Encode(new float[33], GgmlType.Q8_0));
}
