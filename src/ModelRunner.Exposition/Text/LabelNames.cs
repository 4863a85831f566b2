namespace ModelRunner.Exposition.Text;

/// <summary>Label names with a special meaning.</summary>
internal static class LabelNames
{
    /// <summary>The prefix that Prometheus puts before a label that clashes with a target label.</summary>
    public static ReadOnlySpan<byte> ExportedPrefix => "exported_"u8;

    public static ReadOnlySpan<byte> Bucket => "le"u8;

    public static ReadOnlySpan<byte> Quantile => "quantile"u8;

    /// <summary>Whether the label is the bound of a bucket or quantile. Such a label is never renamed.</summary>
    public static bool IsBound(ReadOnlySpan<byte> name) => name.SequenceEqual(Bucket) || name.SequenceEqual(Quantile);

    /// <summary>Whether the label is <c>__name__</c>, which contains the metric name inside Prometheus.</summary>
    public static bool IsMetricName(ReadOnlySpan<byte> name) => name.SequenceEqual("__name__"u8);
}
