namespace ModelRunner.Exposition.Tests.Oracle;

/// <summary>A family as it stands on the page.</summary>
internal sealed record OracleFamily(string Name, MetricType Type, string? Help, IReadOnlyList<OracleSample> Samples)
{
    public string TypeWord => Type switch
    {
        MetricType.Counter => "counter",
        MetricType.Gauge or MetricType.Info or MetricType.StateSet => "gauge",
        MetricType.Histogram => "histogram",
        MetricType.Summary => "summary",
        _ => "untyped",
    };

    public override string ToString()
    {
        var name = OracleNames.Quote(Name, OracleNames.IsMetricName(Name));
        var help = Help is null ? "" : $"# HELP {name} {ByteText.Escape(Help, quotes: false)}\n";
        return $"{help}# TYPE {name} {TypeWord}\n{string.Concat(Samples.Select(sample => sample + "\n"))}";
    }
}
