using ModelRunner.Exposition.Tests.OpenMetricsValidation;

namespace ModelRunner.Exposition.Tests.TextValidation;

/// <summary>What families and series of a text page must keep between them.</summary>
internal static class TextFamilyRules
{
    public static void Check(IReadOnlyList<PageFamily> families)
    {
        var names = new HashSet<string>();
        foreach (var family in families)
        {
            if (family.Type is null)
                throw new InvalidPageException($"{family.Name} has no TYPE");
            if (family.Samples.Count == 0)
                throw new InvalidPageException($"{family.Name} has no samples");
            foreach (var name in SampleNames(family).Append(family.Name).Distinct())
            {
                if (!names.Add(name))
                    throw new InvalidPageException($"the name {name} belongs to two families");
            }

            CheckSamples(family);
        }
    }

    /// <summary>The names of a family's samples. Of counters the suffix is a part of the name in text.</summary>
    public static string[] SampleNames(PageFamily family) => family.Type switch
    {
        "histogram" => [family.Name + "_bucket", family.Name + "_sum", family.Name + "_count"],
        "summary" => [family.Name, family.Name + "_sum", family.Name + "_count"],
        _ => [family.Name],
    };

    private static void CheckSamples(PageFamily family)
    {
        var series = new HashSet<string>();
        foreach (var sample in family.Samples)
        {
            if (!series.Add(sample.Name + "{" + sample.Key()))
                throw new InvalidPageException($"a series stands twice: {sample.Line}");
            if (sample.Labels.Any(label => label.Value.Length == 0 || label.Name == "__name__"))
                throw new InvalidPageException($"a label that means nothing, or __name__: {sample.Line}");
            if (!HasReadableBounds(family, sample))
                throw new InvalidPageException($"a bound that expfmt refuses: {sample.Line}");
            var isCount = sample.Name == family.Name + "_count" || sample.Name == family.Name + "_bucket";
            if (family.Type == "histogram" && isCount && sample.Value < 0)
                throw new InvalidPageException($"a negative count in a histogram: {sample.Line}");
        }
    }

    private static bool HasReadableBounds(PageFamily family, PageSample sample) => family.Type switch
    {
        "histogram" => IsNumber(sample.Label("le")),
        "summary" => IsNumber(sample.Label("quantile")),
        _ => true,
    };

    private static bool IsNumber(string? bound) => bound is null || NumberText.IsNumber(bound);
}
