namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>One sample line, taken apart.</summary>
internal sealed record PageSample(
    string Line, string Name, IReadOnlyList<PageLabel> Labels, string ValueText, string? TimestampText, PageExemplar? Exemplar)
{
    /// <summary>The value of a native histogram stands in braces and is no number.</summary>
    public bool IsNative => ValueText[0] == '{';

    public double Value => NumberText.Parse(ValueText);

    public double Timestamp => NumberText.Parse(TimestampText!);

    public string? Label(string name) => Labels.FirstOrDefault(label => label.Name == name)?.Value;

    /// <summary>The labels in order of name as one text, without those that are named.</summary>
    public string Key(params string[] without) => string.Join(
        ";", Labels.Where(label => !without.Contains(label.Name)).OrderBy(label => label.Name, StringComparer.Ordinal).Select(label => $"{label.Name.Length}:{label.Name}={label.Value.Length}:{label.Value}"));
}
