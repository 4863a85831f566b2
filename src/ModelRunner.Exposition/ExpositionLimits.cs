namespace ModelRunner.Exposition;

/// <summary>What one source may send. A sample over a limit is dropped and counted.</summary>
public sealed record ExpositionLimits
{
    /// <summary>Samples of one source; default 200,000.</summary>
    public int MaxSamples { get; init; } = 200_000;

    /// <summary>Labels of one sample as it is sent; default 64.</summary>
    public int MaxLabels { get; init; } = 64;

    /// <summary>Bytes of one decoded label value; default 16 KiB.</summary>
    public int MaxLabelValueBytes { get; init; } = 16 * 1024;
}
