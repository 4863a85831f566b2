namespace ModelRunner.Exposition.Tests.Oracle;

/// <summary>A sample as the page shows it: the value is its text in canonical spelling.</summary>
internal sealed record OracleSample(string Name, IReadOnlyList<OracleLabel> Labels, string Value)
{
    /// <summary>Name and labels in order of name as one text: equal for equal series and only for them.</summary>
    public string Series => Name.Length + ":" + Name + string.Concat(
        Labels.OrderBy(label => label.Name, StringComparer.Ordinal).Select(label => $"|{label.Name.Length}:{label.Name}={label.Value.Length}:{label.Value}"));

    public string? Label(string name) => Labels.FirstOrDefault(label => label.Name == name)?.Value;

    public override string ToString()
    {
        var isPlain = OracleNames.IsMetricName(Name);
        var parts = Labels.Select(label => $"{OracleNames.Quote(label.Name, OracleNames.IsLabelName(label.Name))}=\"{ByteText.Escape(label.Value, quotes: true)}\"").ToList();
        if (!isPlain)
            parts.Insert(0, OracleNames.Quote(Name, isPlain));
        return (isPlain ? Name : "") + (parts.Count > 0 ? $"{{{string.Join(",", parts)}}}" : "") + " " + Value;
    }
}
