namespace ModelRunner.Exposition.Text;

/// <summary>Label names with a meaning of their own.</summary>
internal static class LabelNames
{
    /// <summary>What Prometheus puts before a label of the source whose name the target has taken.</summary>
    public static ReadOnlySpan<byte> ExportedPrefix => "exported_"u8;

    public static ReadOnlySpan<byte> Bucket => "le"u8;

    public static ReadOnlySpan<byte> Quantile => "quantile"u8;

    /// <summary>Whether the label tells the bound of a bucket or of a quantile. Such a label is never renamed.</summary>
    public static bool IsBound(ReadOnlySpan<byte> name) => name.SequenceEqual(Bucket) || name.SequenceEqual(Quantile);

    /// <summary>Whether the label is <c>__name__</c>, which holds the metric name inside Prometheus.</summary>
    public static bool IsMetricName(ReadOnlySpan<byte> name) => name.SequenceEqual("__name__"u8);
}
