namespace ModelRunner.Exposition;

/// <summary>The formats of a page.</summary>
public enum ExpositionFormat
{
    /// <summary>Prometheus text format 0.0.4.</summary>
    Text004,

    /// <summary>OpenMetrics 1.0.0.</summary>
    OpenMetrics100,
}
