namespace ModelRunner.Exposition.Tests.Oracle;

/// <summary>A line that begins with a number sign and means something. The type is null for all but TYPE; the text is as it stands.</summary>
internal sealed record OracleMetadata(string Keyword, string Name, MetricType? Type, string Text)
{
    /// <summary>Reads a line. Null for a comment, and for EOF and UNIT in text.</summary>
    /// <exception cref="OracleLineException">The line is HELP, TYPE or UNIT and cannot be read.</exception>
    public static OracleMetadata? Read(string text, bool isOpenMetrics)
    {
        var line = new OracleLine(text[1..]);
        line.SkipBlanks();
        var keyword = line.Token();
        if (isOpenMetrics && keyword == "EOF" && line.IsAtEnd)
            return new OracleMetadata(keyword, "", null, "");
        if (!(keyword is "HELP" or "TYPE" || (isOpenMetrics && keyword == "UNIT")) || line.IsAtEnd)
            return null;
        line.SkipBlanks();
        var name = ReadName(line) ?? throw new OracleLineException(ExpositionErrorReason.InvalidMetadata);
        line.SkipBlanks();
        var rest = line.Rest();
        var type = keyword == "TYPE" ? ReadType(rest) ?? throw new OracleLineException(ExpositionErrorReason.InvalidMetadata) : (MetricType?)null;
        return new OracleMetadata(keyword, name, type, rest);
    }

    private static string? ReadName(OracleLine line)
    {
        if (line.Next != '"')
            return line.Token() is var plain && OracleNames.IsMetricName(plain) ? plain : null;
        var quoted = line.Quoted();
        if (string.IsNullOrEmpty(quoted) || !(line.IsAtEnd || line.Next is ' ' or '\t'))
            return null;
        var name = ByteText.Unescape(quoted, quotes: true);
        return ByteText.Escape(name, quotes: true) == quoted ? name : null;
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
