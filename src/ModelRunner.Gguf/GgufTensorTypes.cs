using System.Collections.Frozen;

namespace ModelRunner.Gguf;

/// <summary>The size of a tensor by its type. The numbers of the types are those of ggml.</summary>
internal static class GgufTensorTypes
{
    // Type, weights per block, bytes per block; from the type traits of ggml. Types that ggml has removed are left out.
    private static readonly FrozenDictionary<uint, (int Weights, int Bytes)> Blocks = new Dictionary<uint, (int, int)>
    {
        [0] = (1, 4), [1] = (1, 2), [2] = (32, 18), [3] = (32, 20), [6] = (32, 22), [7] = (32, 24), [8] = (32, 34), [9] = (32, 36),
        [10] = (256, 84), [11] = (256, 110), [12] = (256, 144), [13] = (256, 176), [14] = (256, 210), [15] = (256, 292),
        [16] = (256, 66), [17] = (256, 74), [18] = (256, 98), [19] = (256, 50), [20] = (32, 18), [21] = (256, 110), [22] = (256, 82),
        [23] = (256, 136), [24] = (1, 1), [25] = (1, 2), [26] = (1, 4), [27] = (1, 8), [28] = (1, 8), [29] = (256, 56), [30] = (1, 2),
        [34] = (256, 54), [35] = (256, 66), [39] = (32, 17),
    }.ToFrozenDictionary();

    /// <summary>The size of a tensor in bytes; 0 for an unknown type, which a newer engine may support.</summary>
    /// <exception cref="OverflowException">The tensor is larger than any file.</exception>
    public static long BytesOf(uint type, long weights) =>
        Blocks.TryGetValue(type, out (int Weights, int Bytes) block) ? checked((weights + block.Weights - 1) / block.Weights * block.Bytes) : 0;
}
