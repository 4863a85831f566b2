namespace ModelRunner.Exposition;

/// <summary>
/// The result for the body of one source: <see cref="SampleLines"/> = <see cref="Samples"/> + <see cref="DroppedSamples"/>.
/// <see cref="ExpositionMerger.Merge"/> moves duplicates from the first to the second, and <see cref="ExpositionMerger.BeginPage"/> samples that
/// became equal by escaping. Nothing else changes after the source is added. Not thread-safe.
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

    /// <summary>Samples that are merged; after the merge, samples on the page.</summary>
    public int Samples { get; internal set; }

    /// <summary>HELP, TYPE and UNIT lines that were accepted.</summary>
    public int MetadataLines { get; internal set; }

    /// <summary>Lines counted in <see cref="SampleLines"/> that are not on the page.</summary>
    public int DroppedSamples { get; private set; }

    /// <summary>Exemplars that are invalid or not allowed on any page. Their samples are kept.</summary>
    public int DroppedExemplars { get; private set; }

    /// <summary>HELP, TYPE and UNIT lines that were dropped.</summary>
    public int DroppedMetadata { get; private set; }

    /// <summary>
    /// Whether no sample line of the body can be parsed, or no line at all: the page then contains nothing of the source. An empty body and one
    /// of only comments or declarations are readable.
    /// </summary>
    public bool IsUnreadable =>
        Samples == 0 && !_hasRefusedButReadableLine && (_unreadableSamples > 0 || (_hasUnreadableLine && MetadataLines == 0));

    /// <summary>
    /// Whether the source exceeds <see cref="ExpositionLimits.MaxSamples"/> by its samples or its declared names: the page then contains
    /// nothing of it, and all numbers are 0.
    /// </summary>
    public bool IsTooLarge { get; private init; }

    /// <summary>Whether the body was read as OpenMetrics.</summary>
    public bool IsOpenMetrics { get; internal set; }

    /// <summary>The number of lines, samples and exemplars that were dropped for a reason.</summary>
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

    /// <summary>Sets the number of samples that the current page drops by escaping. It replaces the number of the previous page.</summary>
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
