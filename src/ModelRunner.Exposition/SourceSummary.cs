namespace ModelRunner.Exposition;

/// <summary>What became of the body of one source.</summary>
public sealed class SourceSummary
{
    /// <summary>Samples that go on to the merge.</summary>
    public int Samples { get; init; }

    /// <summary>Whether the body holds something, but not one readable sample or family: the whole source is refused then.</summary>
    public bool IsUnreadable { get; init; }

    /// <summary>Lines and samples that were left out for a reason.</summary>
    public int Dropped(ExpositionErrorReason reason) => throw new NotImplementedException(reason.ToString());
}
