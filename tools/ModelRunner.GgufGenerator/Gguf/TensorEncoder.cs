using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ModelRunner.GgufGenerator.Gguf;

/// <summary>Encodes numbers as the bytes of a tensor.</summary>
internal static class TensorEncoder
{
    private const int BlockLength = 32;
    private const int BlockBytes = 2 + BlockLength;

    /// <summary>Encodes the numbers; for <see cref="GgmlType.Q8_0"/> their count must be a multiple of 32.</summary>
    public static byte[] Encode(ReadOnlySpan<float> numbers, GgmlType type) => type switch
    {
        GgmlType.F32 => MemoryMarshal.AsBytes(numbers).ToArray(),
        GgmlType.F16 => EncodeHalf(numbers),
        GgmlType.Q8_0 => EncodeBlocks(numbers),
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>llama.cpp's number for a file whose matrices have this type.</summary>
    public static uint FileTypeOf(GgmlType type) => type switch
    {
        GgmlType.F32 => 0,
        GgmlType.F16 => 1,
        _ => 7,
    };

    private static byte[] EncodeHalf(ReadOnlySpan<float> numbers)
    {
        var halves = new Half[numbers.Length];
        for (int i = 0; i < halves.Length; i++)
            halves[i] = (Half)numbers[i];
        return MemoryMarshal.AsBytes<Half>(halves).ToArray();
    }

    private static byte[] EncodeBlocks(ReadOnlySpan<float> numbers)
    {
        if (numbers.Length % BlockLength != 0)
            throw new ArgumentException($"Q8_0 needs a multiple of {BlockLength} numbers, not {numbers.Length}.", nameof(numbers));

        byte[] bytes = new byte[numbers.Length / BlockLength * BlockBytes];
        for (int block = 0; block < numbers.Length / BlockLength; block++)
        {
            ReadOnlySpan<float> from = numbers.Slice(block * BlockLength, BlockLength);
            Span<byte> to = bytes.AsSpan(block * BlockBytes, BlockBytes);
            float largest = 0;
            foreach (float number in from)
                largest = MathF.Max(largest, MathF.Abs(number));
            float scale = largest / 127f;
            float inverse = scale == 0 ? 0 : 1 / scale;
            BinaryPrimitives.WriteHalfLittleEndian(to, (Half)scale);
            for (int i = 0; i < BlockLength; i++)
                to[2 + i] = (byte)(sbyte)MathF.Round(from[i] * inverse);
        }

        return bytes;
    }
}
