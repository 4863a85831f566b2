namespace ModelRunner.Exposition.Tests.Oracle;

/// <summary>A line that begins with a number sign and means something. The type is null for all but TYPE; the text is as it stands.</summary>
internal sealed record OracleMetadata(string Keyword, string Name, MetricType? Type, string Text)
{
    /// <summary>Reads a line. Null for a comment, for EOF in text, and for a UNIT that is none in text.</summary>
    /// <exception cref="OracleLineException">The line is HELP, TYPE or UNIT and cannot be read.</exception>
    public static OracleMetadata? Read(string text, bool isOpenMetrics)
    {
        var line = new OracleLine(text[1..]);
        line.SkipBlanks();
        var keyword = line.Token();
        if (isOpenMetrics && keyword == "EOF" && line.IsAtEnd)
            return new OracleMetadata(keyword, "", null, "");
        if (keyword is not ("HELP" or "TYPE" or "UNIT") || line.IsAtEnd)
            return null;
        line.SkipBlanks();
        var isComment = keyword == "UNIT" && !isOpenMetrics;
        if (ReadName(line) is not { } name)
            return isComment ? null : throw new OracleLineException(ExpositionErrorReason.InvalidMetadata);
        line.SkipBlanks();
        var rest = line.Rest();
        if (keyword == "UNIT" && !IsUnit(name, rest) && (isComment || rest.Length > 0))
            return isComment ? null : throw new OracleLineException(ExpositionErrorReason.InvalidMetadata);
        var type = keyword == "TYPE" ? ReadType(rest) ?? throw new OracleLineException(ExpositionErrorReason.InvalidMetadata) : (MetricType?)null;
        return new OracleMetadata(keyword, name, type, rest);
    }

    private static bool IsUnit(string name, string unit)
    {
        var root = name.EndsWith("_total", StringComparison.Ordinal) ? name[..^"_total".Length] : name;
        var isEnd = name.EndsWith("_" + unit, StringComparison.Ordinal) || root.EndsWith("_" + unit, StringComparison.Ordinal);
        return isEnd && unit.Length > 0 && OracleNames.IsMetricName("_" + unit);
    }

    private static string? ReadName(OracleLine line)
    {
        if (line.Next != '"')
            return line.Token() is var plain && OracleNames.IsMetricName(plain) ? plain : null;
        var quoted = line.Quoted();
        if (string.IsNullOrEmpty(quoted) || !(line.IsAtEnd || line.Next is ' ' or '\t'))
            return null;
        var name = ByteText.Unescape(quoted, quotes: true);
        return ByteText.Escape(name, quotes: true) == quoted && !name.Contains('\0') ? name : null;
    }

    private static MetricType? ReadType(string word) => word.ToLowerInvariant() switch
    {
        "counter" => MetricType.Counter,
        "gauge" => MetricType.Gauge,
        "histogram" => MetricType.Histogram,
        "summary" => MetricType.Summary,
        "untyped" or "unknown" => MetricType.Untyped,
        "info" => MetricType.Info,
        "stateset" => MetricType.StateSet,
        "gaugehistogram" or "gauge_histogram" => MetricType.GaugeHistogram,
        _ => null,
    };
}
