namespace ModelRunner.Exposition;

/// <summary>
/// What one source may send. A sample with too many or too long labels is dropped and counted; a source with too many samples is left out
/// as a whole. The page's own families have no limits.
/// </summary>
public sealed record ExpositionLimits
{
    /// <summary>Samples of one source, and metric names that it declares; default 200,000. Beyond it <see cref="SourceSummary.IsTooLarge"/>.</summary>
    public int MaxSamples { get; init; } = 200_000;

    /// <summary>Labels of one sample as it is sent; default 64.</summary>
    public int MaxLabels { get; init; } = 64;

    /// <summary>Bytes of one decoded label value; default 16 KiB.</summary>
    public int MaxLabelValueBytes { get; init; } = 16 * 1024;
}
