namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>
/// Says whether a page is OpenMetrics 1.0 to the letter. It shares nothing with the product: strings, lists and one pass over the lines, so that
/// it can be read beside the specification.
/// </summary>
internal static class OpenMetricsValidator
{
    /// <summary>Reads a page.</summary>
    /// <returns>Its families in the order of the page.</returns>
    /// <exception cref="InvalidPageException">The page breaks a rule.</exception>
    public static IReadOnlyList<PageFamily> Read(ReadOnlySpan<byte> page)
    {
        var lines = Lines(page);
        var families = new List<PageFamily>();
        PageFamily? current = null;
        foreach (var line in lines[..^1])
        {
            var family = ReadLine(line, current);
            if (family == current)
                continue;
            current = family;
            families.Add(family);
        }

        foreach (var family in families)
            CheckFamily(family);
        CheckClashes(families);
        return families;
    }

    /// <summary>The broken rule, or null for a page that keeps all of them.</summary>
    public static string? Problem(ReadOnlySpan<byte> page) => PageText.Problem(Read, page);

    private static string[] Lines(ReadOnlySpan<byte> page)
    {
        var text = PageText.Decode(page);
        if (text.Contains("\r\n", StringComparison.Ordinal) || text.EndsWith('\r'))
            throw new InvalidPageException("a carriage return at the end of a line");
        var lines = (text.EndsWith('\n') ? text[..^1] : text).Split('\n');
        if (lines[^1] != "# EOF")
            throw new InvalidPageException("the page does not end in # EOF");
        return lines;
    }

    private static PageFamily ReadLine(string line, PageFamily? current)
    {
        if (line.Length == 0)
            throw new InvalidPageException("a blank line");
        if (line == "# EOF")
            throw new InvalidPageException("lines behind # EOF");
        if (line[0] == '#')
            return MetadataLineReader.Read(line, current);
        var sample = SampleLineParser.Parse(line);
        var family = current is not null && current.SampleNames.Contains(sample.Name) ? current : new PageFamily(sample.Name) { Type = "unknown" };
        SampleRules.Check(family, sample);
        family.Samples.Add(sample);
        return family;
    }

    private static void CheckFamily(PageFamily family)
    {
        if (!string.IsNullOrEmpty(family.Unit) && !family.Name.EndsWith("_" + family.Unit, StringComparison.Ordinal))
            throw new InvalidPageException($"the unit of {family.Name} is not the end of its name");
        if (!string.IsNullOrEmpty(family.Unit) && family.Type is "info" or "stateset")
            throw new InvalidPageException($"{family.Name} cannot have a unit");
        GroupRules.Check(family);
        if (family.Type is "histogram" or "gaugehistogram")
            HistogramRules.Check(family);
    }

    private static void CheckClashes(List<PageFamily> families)
    {
        var taken = new HashSet<string>();
        foreach (var name in families.SelectMany(family => family.ReservedNames))
        {
            if (!taken.Add(name))
                throw new InvalidPageException($"two families have the name {name}");
        }
    }
}
