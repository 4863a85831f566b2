using ModelRunner.Exposition.Tests.OpenMetricsValidation;

namespace ModelRunner.Exposition.Tests.TextValidation;

/// <summary>
/// Says whether a page is in the intersection of what Prometheus, expfmt and prometheus_client take as text 0.0.4, in the one form that we write:
/// HELP, TYPE, samples; single spaces; no timestamps, comments or blank lines.
/// </summary>
internal static class TextPageValidator
{
    /// <summary>Reads a page.</summary>
    /// <exception cref="InvalidPageException">The page breaks a rule.</exception>
    public static IReadOnlyList<PageFamily> Read(ReadOnlySpan<byte> page)
    {
        var families = new List<PageFamily>();
        foreach (var line in Lines(page))
            ReadLine(line, families);
        TextFamilyRules.Check(families);
        return families;
    }

    /// <summary>The broken rule, or null for a page that keeps all of them.</summary>
    public static string? Problem(ReadOnlySpan<byte> page) => PageText.Problem(Read, page);

    private static string[] Lines(ReadOnlySpan<byte> page)
    {
        if (page.IsEmpty)
            return [];
        var text = PageText.Decode(page);
        if (text.StartsWith('\uFEFF'))
            throw new InvalidPageException("a byte order mark");
        if (!text.EndsWith('\n'))
            throw new InvalidPageException("no line feed at the end");
        return text[..^1].Split('\n');
    }

    private static void ReadLine(string line, List<PageFamily> families)
    {
        if (line.Length == 0)
            throw new InvalidPageException("a blank line");
        if (line[0] == '#')
        {
            ReadMetadata(new LineText(line), families);
            return;
        }

        var sample = SampleLineParser.Parse(line);
        if (sample.TimestampText is not null || sample.Exemplar is not null || sample.IsNative)
            throw new InvalidPageException($"more than a value: {line}");
        if (HasUnknownEscape(line))
            throw new InvalidPageException($"an escape that expfmt refuses: {line}");
        if (!IsTakenByAll(sample.ValueText))
            throw new InvalidPageException($"not a value that all readers take: {line}");
        var family = families.Count > 0 ? families[^1] : throw new InvalidPageException($"a sample before TYPE: {line}");
        if (family.Type is null || !TextFamilyRules.SampleNames(family).Contains(sample.Name))
            throw new InvalidPageException($"not a sample of the family {family.Name}: {line}");
        family.Samples.Add(sample);
    }

    private static void ReadMetadata(LineText text, List<PageFamily> families)
    {
        var (keyword, name, isQuoted) = MetadataHead.Read(text);
        if (isQuoted && NameText.IsMetricName(name))
            throw text.Error("quotes that the name does not need");
        if (keyword == "HELP")
        {
            families.Add(new PageFamily(name) { Help = UnescapeHelp(text) });
        }
        else if (keyword == "TYPE" && text.Rest is "counter" or "gauge" or "histogram" or "summary" or "untyped")
        {
            if (families.Count == 0 || families[^1].Name != name || families[^1].Type is not null)
                families.Add(new PageFamily(name));
            families[^1].Type = text.Rest;
        }
        else
        {
            throw text.Error("neither HELP nor TYPE of text 0.0.4");
        }
    }

    // expfmt refuses every escape in HELP but these two and \", which Prometheus does not know.
    private static string UnescapeHelp(LineText text)
    {
        var rest = text.Rest.Replace("\\\\", "", StringComparison.Ordinal).Replace("\\n", "", StringComparison.Ordinal);
        return rest.Contains('\\', StringComparison.Ordinal) ? throw text.Error("an unknown escape in HELP") : text.Rest;
    }

    // In a sample line backslashes stand only within quotes.
    private static bool HasUnknownEscape(string line) =>
        line.Replace("\\\\", "", StringComparison.Ordinal).Replace("\\n", "", StringComparison.Ordinal).Replace("\\\"", "", StringComparison.Ordinal)
            .Contains('\\', StringComparison.Ordinal);

    private static bool IsTakenByAll(string value) => NumberText.IsReal(value) || value is "NaN" or "+Inf" or "-Inf";
}
