namespace ModelRunner.Exposition;

/// <summary>
/// What became of the body of one source. The numbers add up: <see cref="SampleLines"/> = <see cref="Samples"/> + <see
/// cref="DroppedSamples"/>.
/// <see cref="ExpositionMerger.Merge"/> moves duplicates from the one to the other; nothing else changes after the source was added.
/// </summary>
public sealed class SourceSummary
{
    private readonly int[] _dropped = new int[ExpositionErrorReasons.Count];

    internal SourceSummary()
    {
    }

    /// <summary>Lines that are neither blank nor begin with a number sign.</summary>
    public int SampleLines { get; internal set; }

    /// <summary>Samples that go on to the merge; after it, samples that are on the page.</summary>
    public int Samples { get; internal set; }

    /// <summary>HELP, TYPE and UNIT lines that were read and belong to this source.</summary>
    public int MetadataLines { get; internal set; }

    /// <summary>Lines counted in <see cref="SampleLines"/> that are not on the page.</summary>
    public int DroppedSamples { get; private set; }

    /// <summary>HELP, TYPE and UNIT lines that were left out.</summary>
    public int DroppedMetadata { get; private set; }

    /// <summary>
    /// Whether the body holds something, but not one readable sample or family: the whole source is refused then. An empty body and one of
    /// comments are readable.
    /// </summary>
    public bool IsUnreadable { get; internal set; }

    /// <summary>Whether the body was read as OpenMetrics.</summary>
    public bool IsOpenMetrics { get; internal set; }

    /// <summary>Lines and samples that were left out for a reason.</summary>
    public int Dropped(ExpositionErrorReason reason) => _dropped[(int)reason];

    internal bool HasUnreadableLine { get; private set; }

    internal bool HasRefusedButReadableLine { get; private set; }

    internal void DropSample(ExpositionErrorReason reason)
    {
        DroppedSamples++;
        Count(reason);
    }

    internal void DropMetadata(ExpositionErrorReason reason)
    {
        DroppedMetadata++;
        Count(reason);
    }

    private void Count(ExpositionErrorReason reason)
    {
        _dropped[(int)reason]++;
        if (ExpositionErrorReasons.IsReadable(reason))
            HasRefusedButReadableLine = true;
        else
            HasUnreadableLine = true;
    }
}
