namespace ModelRunner.Gguf;

/// <summary>
/// What the layers of a model keep for the tokens of its context, in numbers. Layers with full attention keep all tokens, layers with a
/// sliding window only the last ones, and recurrent layers one state for each sequence.
/// </summary>
internal sealed record CacheShape
{
    /// <summary>Numbers in the keys of one token, over the layers with full attention.</summary>
    public long FullKeys { get; init; }

    /// <summary>Numbers in the values of one token, over the layers with full attention.</summary>
    public long FullValues { get; init; }

    /// <summary>Numbers in the keys of one token, over the layers with a sliding window.</summary>
    public long WindowKeys { get; init; }

    /// <summary>Numbers in the values of one token, over the layers with a sliding window.</summary>
    public long WindowValues { get; init; }

    /// <summary>The length of the window in tokens; 0 if there is none.</summary>
    public long Window { get; init; }

    /// <summary>Numbers in the state of one sequence, over the recurrent layers. Its numbers are 32-bit floats.</summary>
    public long State { get; init; }

    /// <summary>Whether the model keeps nothing, as a model that reads the whole text at once.</summary>
    public bool IsEmpty => FullKeys + FullValues + WindowKeys + WindowValues + State == 0;
}
