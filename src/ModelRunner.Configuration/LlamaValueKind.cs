namespace ModelRunner.Configuration;

/// <summary>The kind of value that follows an argument of llama-server.</summary>
internal enum LlamaValueKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A decimal number.</summary>
    Number,

    /// <summary>A word of letters, digits and <c>_ . , : ; = + -</c>: never a path, never another argument.</summary>
    Word,

    /// <summary>Patterns of tensor names with the buffer for these tensors: <c>PATTERN=BUFFER</c>, several separated by commas.</summary>
    Pattern,

    /// <summary>A JSON object.</summary>
    Json,
}
