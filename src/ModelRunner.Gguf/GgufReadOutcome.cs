namespace ModelRunner.Gguf;

/// <summary>The result of reading the header of a GGUF file. Exactly one of the two is set.</summary>
/// <param name="Header">The header.</param>
/// <param name="Problem">Why the file cannot be used, as a clause that follows its name.</param>
internal readonly record struct GgufReadOutcome(GgufHeader? Header, string? Problem)
{
    /// <summary>The number of layers that the file claims to have, if that is the problem; null: it is not.</summary>
    public long? ImpossibleLayers { get; init; }
}
