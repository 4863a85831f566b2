namespace ModelRunner.GgufGenerator.Gguf;

/// <summary>How the numbers of a tensor are stored, with ggml's values.</summary>
internal enum GgmlType
{
    /// <summary>32-bit floats.</summary>
    F32 = 0,

    /// <summary>16-bit floats.</summary>
    F16 = 1,

    /// <summary>Blocks of 32 signed bytes with one 16-bit scale.</summary>
    Q8_0 = 8,
}
