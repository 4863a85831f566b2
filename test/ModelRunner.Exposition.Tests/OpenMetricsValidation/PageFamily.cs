namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>One metric family while the lines of a page are read.</summary>
internal sealed class PageFamily(string name)
{
    public string Name => name;

    public string? Type { get; set; }

    public string? Help { get; set; }

    public string? Unit { get; set; }

    public List<PageSample> Samples { get; } = [];

    public string TypeOrUnknown => Type ?? "unknown";

    /// <summary>The names that samples of the family may have.</summary>
    public IEnumerable<string> SampleNames => Suffixes(TypeOrUnknown).Select(suffix => name + suffix);

    /// <summary>The names that no other family may touch: the samples' and the family's own.</summary>
    public IEnumerable<string> ReservedNames => SampleNames.Append(name).Distinct();

    public static bool IsType(string word) =>
        word is "unknown" or "counter" or "gauge" or "histogram" or "summary" or "info" or "stateset" or "gaugehistogram";

    private static string[] Suffixes(string type) => type switch
    {
        "counter" => ["_total", "_created"],
        "summary" => ["", "_count", "_sum", "_created"],
        "histogram" => ["", "_count", "_sum", "_bucket", "_created"],
        "gaugehistogram" => ["_gcount", "_gsum", "_bucket"],
        "info" => ["_info"],
        _ => [""],
    };
}
