namespace ModelRunner.Exposition.Tests.Oracle;

/// <summary>What was read of one body.</summary>
internal sealed class OracleSource
{
    public required bool IsOwn { get; init; }

    public required bool IsOpenMetrics { get; init; }

    public required IReadOnlyList<OracleLabel> TargetLabels { get; init; }

    /// <summary>Samples with the labels that they have on the page but for those of the target.</summary>
    public List<OracleSample> Samples { get; } = [];

    /// <summary>HELP, TYPE and UNIT lines in their order.</summary>
    public List<OracleMetadata> Metadata { get; } = [];

    /// <summary>Lines that were left out, samples and metadata together.</summary>
    public Dictionary<ExpositionErrorReason, int> Dropped { get; } = [];

    public int SampleLines { get; set; }

    /// <summary>Whether it has lines of samples, and none has a meaning.</summary>
    public bool IsUnreadable => Samples.Count == 0 && SampleLines > 0 && !Dropped.Keys.Any(static reason => reason
        is ExpositionErrorReason.ReservedName or ExpositionErrorReason.TooManyLabels or ExpositionErrorReason.LabelValueTooLong or ExpositionErrorReason.AfterEof);

    public void Drop(ExpositionErrorReason reason) => Dropped[reason] = Dropped.GetValueOrDefault(reason) + 1;

    /// <summary>A sample with all its labels: those of the target first, without empty ones.</summary>
    public OracleSample WithTarget(OracleSample sample) =>
        sample with { Labels = [.. TargetLabels.Where(label => label.Value.Length > 0), .. sample.Labels] };
}
