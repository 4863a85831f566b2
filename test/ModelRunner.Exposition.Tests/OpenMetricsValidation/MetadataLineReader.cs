namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>Reads HELP, TYPE and UNIT of OpenMetrics. No other line may begin with a number sign.</summary>
internal static class MetadataLineReader
{
    /// <summary>Takes the line into its family, a new one where the name is another than that of the last family.</summary>
    /// <returns>The family that the line belongs to.</returns>
    public static PageFamily Read(string line, PageFamily? last)
    {
        var text = new LineText(line);
        var (keyword, name, _) = MetadataHead.Read(text);
        var family = last?.Name == name ? last : new PageFamily(name);
        if (family.Samples.Count > 0)
            throw text.Error("metadata behind samples");
        Take(family, keyword, text);
        return family;
    }

    private static void Take(PageFamily family, string keyword, LineText text)
    {
        switch (keyword)
        {
            case "HELP":
                family.Help = family.Help is null ? text.Rest : throw text.Error("two HELP lines");
                break;
            case "TYPE":
                family.Type = family.Type is null ? text.Rest : throw text.Error("two TYPE lines");
                if (!PageFamily.IsType(text.Rest))
                    throw text.Error("not a type");
                break;
            case "UNIT":
                family.Unit = family.Unit is null ? text.Rest : throw text.Error("two UNIT lines");
                break;
            default:
                throw text.Error("comments are not allowed");
        }
    }
}
