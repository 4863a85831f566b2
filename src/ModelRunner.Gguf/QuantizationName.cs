namespace ModelRunner.Gguf;

/// <summary>The names of quantizations by llama.cpp's file type numbers (<c>llama_ftype</c>).</summary>
internal static class QuantizationName
{
    private static readonly Dictionary<int, string> Names = new()
    {
        [0] = "F32", [1] = "F16", [2] = "Q4_0", [3] = "Q4_1", [7] = "Q8_0", [8] = "Q5_0", [9] = "Q5_1", [10] = "Q2_K", [11] = "Q3_K_S",
        [12] = "Q3_K_M", [13] = "Q3_K_L", [14] = "Q4_K_S", [15] = "Q4_K_M", [16] = "Q5_K_S", [17] = "Q5_K_M", [18] = "Q6_K",
        [19] = "IQ2_XXS", [20] = "IQ2_XS", [21] = "Q2_K_S", [22] = "IQ3_XS", [23] = "IQ3_XXS", [24] = "IQ1_S", [25] = "IQ4_NL",
        [26] = "IQ3_S", [27] = "IQ3_M", [28] = "IQ2_S", [29] = "IQ2_M", [30] = "IQ4_XS", [31] = "IQ1_M", [32] = "BF16", [36] = "TQ1_0",
        [37] = "TQ2_0", [38] = "MXFP4_MOE",
    };

    /// <summary>The name; null if the file does not state one or the number is unknown.</summary>
    public static string? Of(int? fileType) => fileType is { } number ? Names.GetValueOrDefault(number) : null;

    /// <summary>The name in the form of <see cref="Of"/>: registries write <c>MOSTLY_Q4_K_M</c> and <c>ALL_F32</c>.</summary>
    public static string WithoutPrefix(string name)
    {
        foreach (string prefix in (string[])["MOSTLY_", "ALL_"])
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
                return name[prefix.Length..];
        return name;
    }
}
