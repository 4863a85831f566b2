namespace ModelRunner.Gguf;

/// <summary>The result of reading the header of a GGUF file. Exactly one of the two is set.</summary>
/// <param name="Header">The header.</param>
/// <param name="Problem">Why the file cannot be used, as a clause that follows its name.</param>
internal readonly record struct GgufReadOutcome(GgufHeader? Header, string? Problem)
{
    /// <summary>The number of layers that the file claims to have, if that is the problem; null: it is not.</summary>
    public long? ImpossibleLayers { get; init; }

    /// <summary>What there is of a file that ends too early, a clause; null: that is not the problem.</summary>
    public string? SoFar { get; init; }

    /// <summary>Whether the system did not let the file be read, which may change while the file stays as it is.</summary>
    public bool IsUnreadable { get; init; }
}
