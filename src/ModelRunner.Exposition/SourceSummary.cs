namespace ModelRunner.Exposition;

/// <summary>
/// What became of the body of one source. The numbers add up: <see cref="SampleLines"/> = <see cref="Samples"/> + <see
/// cref="DroppedSamples"/>.
/// <see cref="ExpositionMerger.Merge"/> moves duplicates from the one to the other, and <see cref="ExpositionMerger.BeginPage"/> what became
/// equal by escaping; nothing else changes after the source was added.
/// </summary>
public sealed class SourceSummary
{
    private readonly int[] _dropped = new int[ExpositionErrorReasons.Count];
    private int _unreadableSamples;
    private bool _hasUnreadableLine;
    private bool _hasRefusedButReadableLine;

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

    /// <summary>Exemplars that cannot be read or cannot be on any page. Their samples are kept.</summary>
    public int DroppedExemplars { get; private set; }

    /// <summary>HELP, TYPE and UNIT lines that were left out.</summary>
    public int DroppedMetadata { get; private set; }

    /// <summary>
    /// Whether the body has lines of samples and none can be read, or no line at all that can: nothing of the source is on the page then. An
    /// empty body, one of comments and one of declarations are readable.
    /// </summary>
    public bool IsUnreadable =>
        Samples == 0 && !_hasRefusedButReadableLine && (_unreadableSamples > 0 || (_hasUnreadableLine && MetadataLines == 0));

    /// <summary>
    /// Whether the source has more samples, or declares more names, than <see cref="ExpositionLimits.MaxSamples"/>: nothing of it is on the
    /// page, and all numbers are 0.
    /// </summary>
    public bool IsTooLarge { get; private init; }

    /// <summary>Whether the body was read as OpenMetrics.</summary>
    public bool IsOpenMetrics { get; internal set; }

    /// <summary>Lines, samples and exemplars that were left out for a reason.</summary>
    public int Dropped(ExpositionErrorReason reason) => _dropped[(int)reason];

    internal static SourceSummary TooLarge { get; } = new() { IsTooLarge = true };

    internal void DropSample(ExpositionErrorReason reason)
    {
        DroppedSamples++;
        Count(reason);
        if (!ExpositionErrorReasons.IsReadable(reason))
            _unreadableSamples++;
    }

    internal void DropMetadata(ExpositionErrorReason reason)
    {
        DroppedMetadata++;
        Count(reason);
    }

    internal void DropExemplar()
    {
        DroppedExemplars++;
        _dropped[(int)ExpositionErrorReason.InvalidExemplar]++;
    }

    /// <summary>Notes how many samples the page that is written now loses by escaping. A page that was written before counts no more.</summary>
    internal void LoseByEscaping(int samples)
    {
        ref var lost = ref _dropped[(int)ExpositionErrorReason.EscapingCollision];
        Samples += lost - samples;
        DroppedSamples += samples - lost;
        lost = samples;
        _hasRefusedButReadableLine |= samples > 0;
    }

    private void Count(ExpositionErrorReason reason)
    {
        _dropped[(int)reason]++;
        if (ExpositionErrorReasons.IsReadable(reason))
            _hasRefusedButReadableLine = true;
        else
            _hasUnreadableLine = true;
    }
}
