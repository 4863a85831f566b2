namespace ModelRunner.Exposition.Writing;

/// <summary>
/// Whether the samples of a family keep the rules that OpenMetrics 1.0 has for its type. One family that breaks them would void the whole
/// page, so such a family is written as unknown.
/// </summary>
internal static class OpenMetricsRules
{
    public static bool AreKept(MetricType type, FamilySamples samples)
    {
        var items = samples.Items;
        foreach (ref readonly var item in items)
        {
            if (!IsKept(type, item))
                return false;
        }

        if (type != MetricType.Histogram)
            return true;
        while (!items.IsEmpty)
        {
            var count = 1;
            while (count < items.Length && items[count].Metric == items[0].Metric)
                count++;
            if (!IsHistogram(items[..count]))
                return false;
            items = items[count..];
        }

        return true;
    }

    private static bool IsKept(MetricType type, in FamilySample item)
    {
        var value = item.Value;
        return type switch
        {
            MetricType.Counter => value >= 0,
            MetricType.Info => value == 1,
            MetricType.StateSet => value is 0 or 1 && item.Bound == 0,
            MetricType.Summary => IsSummaryPart(item, value),
            MetricType.Histogram => item.Part is FamilyPart.Sum or FamilyPart.Created ? value >= 0 : IsCount(value),
            _ => true,
        };
    }

    private static bool IsSummaryPart(in FamilySample item, double value) => item.Part switch
    {
        FamilyPart.Value => item.Bound is >= 0 and <= 1 && !(value < 0),
        FamilyPart.Count => IsCount(value),
        _ => value >= 0,
    };

    private static bool IsCount(double value) => value >= 0 && double.IsInteger(value);

    private static bool IsHistogram(ReadOnlySpan<FamilySample> metric)
    {
        double bound = double.NegativeInfinity, population = 0, count = double.NaN;
        var hasSum = false;
        var hasNegativeBound = false;
        foreach (ref readonly var item in metric)
        {
            var value = item.Value;
            hasSum |= item.Part == FamilyPart.Sum;
            if (item.Part == FamilyPart.Count)
                count = value;
            if (item.Part != FamilyPart.Bucket)
                continue;
            if (!(item.Bound > bound) || value < population)
                return false;
            hasNegativeBound |= item.Bound < 0;
            (bound, population) = (item.Bound, value);
        }

        return double.IsPositiveInfinity(bound) && hasSum != double.IsNaN(count) && (!hasSum || (population == count && !hasNegativeBound));
    }
}
