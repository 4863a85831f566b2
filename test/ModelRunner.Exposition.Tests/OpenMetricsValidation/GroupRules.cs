namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>All samples of one metric (one set of labels but for the bound) stand together, and their timestamps do not go back.</summary>
internal static class GroupRules
{
    public static void Check(PageFamily family)
    {
        var finished = new HashSet<string>();
        string? current = null;
        PageSample? last = null;
        var series = new HashSet<string>();
        foreach (var sample in family.Samples)
        {
            var group = GroupOf(family, sample);
            if (group != current)
            {
                if (current is not null)
                    finished.Add(current);
                if (finished.Contains(group))
                    throw new InvalidPageException($"the samples of one metric do not stand together: {sample.Line}");
                series.Clear();
            }
            else
            {
                CheckTimestamps(family, last!, sample);
            }

            if (!series.Add(sample.Name + "{" + sample.Key()) && sample.TimestampText is null)
                throw new InvalidPageException($"a series stands twice: {sample.Line}");
            (current, last) = (group, sample);
        }
    }

    /// <summary>The labels that name the metric.</summary>
    public static string GroupOf(PageFamily family, PageSample sample) => family.TypeOrUnknown switch
    {
        "info" => "",
        "summary" when sample.Name == family.Name => sample.Key("quantile"),
        "stateset" => sample.Key(family.Name),
        "histogram" or "gaugehistogram" when sample.Name == family.Name + "_bucket" => sample.Key("le"),
        _ => sample.Key(),
    };

    private static void CheckTimestamps(PageFamily family, PageSample last, PageSample sample)
    {
        if (last.TimestampText is null != sample.TimestampText is null)
            throw new InvalidPageException($"only some samples of one metric have a timestamp: {sample.Line}");
        if (sample.TimestampText is not null && family.Type != "info" && last.Timestamp > sample.Timestamp)
            throw new InvalidPageException($"timestamps go back: {sample.Line}");
    }
}
