namespace ModelRunner.Exposition.Text;

/// <summary>The names of types in both formats.</summary>
internal static class MetricTypes
{
    /// <summary>The name in text 0.0.4. A type that it does not have is written as the type that its samples have there.</summary>
    public static ReadOnlySpan<byte> TextName(MetricType type) => type switch
    {
        MetricType.Counter => "counter"u8,
        _ when IsGauge(type) => "gauge"u8,
        MetricType.Histogram => "histogram"u8,
        MetricType.Summary => "summary"u8,
        _ => "untyped"u8,
    };

    /// <summary>The name in OpenMetrics.</summary>
    public static ReadOnlySpan<byte> OpenMetricsName(MetricType type) => type switch
    {
        MetricType.Counter => "counter"u8,
        MetricType.Gauge => "gauge"u8,
        MetricType.Histogram => "histogram"u8,
        MetricType.Summary => "summary"u8,
        MetricType.Info => "info"u8,
        MetricType.StateSet => "stateset"u8,
        MetricType.GaugeHistogram => "gaugehistogram"u8,
        _ => "unknown"u8,
    };

    /// <summary>Whether the type is a gauge in text.</summary>
    public static bool IsGauge(MetricType type) => type is MetricType.Gauge or MetricType.Info or MetricType.StateSet;

    /// <summary>Whether OpenMetrics allows a unit for the type.</summary>
    public static bool HasUnit(MetricType type) => type is not (MetricType.Info or MetricType.StateSet);

    /// <summary>Reads a name of either format, in any case as expfmt does.</summary>
    public static bool TryParse(ReadOnlySpan<byte> word, out MetricType type)
    {
        // Nearly all names are in lower case.
        if (TryParseLower(word, out type))
            return true;
        Span<byte> lower = stackalloc byte[16];
        return word.Length <= lower.Length
            && System.Text.Ascii.ToLower(word, lower, out var length) == System.Buffers.OperationStatus.Done
            && TryParseLower(lower[..length], out type);
    }

    private static bool TryParseLower(ReadOnlySpan<byte> word, out MetricType type)
    {
        for (type = MetricType.Untyped; type <= MetricType.GaugeHistogram; type++)
        {
            if (word.SequenceEqual(OpenMetricsName(type)))
                return true;
        }

        type = word.SequenceEqual("gauge_histogram"u8) ? MetricType.GaugeHistogram : MetricType.Untyped;
        return type == MetricType.GaugeHistogram || word.SequenceEqual("untyped"u8);
    }
}
