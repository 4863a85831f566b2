namespace ModelRunner.Exposition.Tests.OpenMetricsValidation;

/// <summary>What the buckets, the count and the sum of one histogram must keep between them.</summary>
internal static class HistogramRules
{
    public static void Check(PageFamily family)
    {
        var metrics = family.Samples.Where(sample => !sample.IsNative)
            .GroupBy(sample => (GroupRules.GroupOf(family, sample), sample.TimestampText));
        foreach (var metric in metrics)
            CheckMetric(family.Name, [.. metric]);
    }

    private static void CheckMetric(string name, PageSample[] samples)
    {
        var buckets = samples.Where(sample => sample.Name == name + "_bucket").ToArray();
        CheckBuckets(name, buckets);
        var total = buckets[^1].ValueText;
        var hasNegativeBound = buckets.Any(bucket => Bound(bucket) < 0);
        var count = samples.FirstOrDefault(sample => sample.Name == name + "_count" || sample.Name == name + "_gcount");
        var sum = samples.FirstOrDefault(sample => sample.Name == name + "_sum" || sample.Name == name + "_gsum");
        if ((count is null) != (sum is null))
            throw new InvalidPageException($"sum and count of {name} come together or not at all");
        if (count is not null && NumberText.Compare(count.ValueText, total) != 0)
            throw new InvalidPageException($"the count of {name} is not that of the last bucket");
        if (sum?.Name == name + "_sum" && hasNegativeBound)
            throw new InvalidPageException($"{name} has negative bounds and so no sum");
        if (sum?.Name == name + "_gsum" && !hasNegativeBound && sum.Value < 0)
            throw new InvalidPageException($"{name} has a negative sum and no negative bounds");
    }

    private static void CheckBuckets(string name, PageSample[] buckets)
    {
        if (buckets.Length == 0 || !double.IsPositiveInfinity(Bound(buckets[^1])))
            throw new InvalidPageException($"the last bucket of {name} is not +Inf");
        for (var i = 1; i < buckets.Length; i++)
        {
            if (Bound(buckets[i]) <= Bound(buckets[i - 1]))
                throw new InvalidPageException($"bounds do not rise: {buckets[i].Line}");
            if (NumberText.Compare(buckets[i].ValueText, buckets[i - 1].ValueText) < 0)
                throw new InvalidPageException($"counts fall from bucket to bucket: {buckets[i].Line}");
        }
    }

    private static double Bound(PageSample bucket) => NumberText.Parse(bucket.Label("le")!);
}
