using ModelRunner.Exposition.Merging;

namespace ModelRunner.Exposition.Writing;

/// <summary>
/// Checks whether the samples of a family follow the rules of OpenMetrics 1.0 for its type. Readers refuse the whole page because of one
/// invalid family, so such a family is written as unknown.
/// </summary>
internal static class OpenMetricsRules
{
    public static bool AreKept(PageIndex index, MetricType type, FamilySamples samples)
    {
        var items = samples.Items;
        foreach (ref readonly var item in items)
        {
            if (!IsKept(type, item))
                return false;
        }

        if (type is not (MetricType.Histogram or MetricType.Summary or MetricType.GaugeHistogram))
            return true;
        while (!items.IsEmpty)
        {
            var count = 1;
            while (count < items.Length && items[count].Metric == items[0].Metric)
                count++;
            var metric = items[..count];
            if (type == MetricType.Summary ? !AreDistinct(metric) : !HistogramRules.AreKept(index, metric, type == MetricType.GaugeHistogram))
                return false;
            items = items[count..];
        }

        return true;
    }

    private static bool IsKept(MetricType type, in FamilySample item)
    {
        var value = item.Value;
        // The labels of a metric contain no le in a histogram and no quantile in a summary.
        if (item.Part is FamilyPart.Sum or FamilyPart.Count or FamilyPart.Created && !double.IsNaN(item.Bound))
            return false;
        return type switch
        {
            MetricType.Counter => value >= 0,
            MetricType.Info => value == 1,
            MetricType.StateSet => value is 0 or 1 && item.Bound == 0,
            MetricType.Summary => IsSummaryPart(item, value),
            MetricType.GaugeHistogram => item.Part == FamilyPart.Sum ? !double.IsNaN(value) : IsCount(value),
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

    // Every double from 2^53 on is an integer. double.IsInteger is slower: in a native executable it calls the C library.
    private static bool IsCount(double value) =>
        value >= HistogramRules.ExactIntegers ? double.IsFinite(value) : value >= 0 && value == (long)value;

    // Two spellings of one quantile become the same label value, so two series would become equal.
    private static bool AreDistinct(ReadOnlySpan<FamilySample> metric)
    {
        var isRising = true;
        var last = double.NegativeInfinity;
        foreach (ref readonly var item in metric)
        {
            if (item.Part != FamilyPart.Value)
                continue;
            isRising &= item.Bound > last;
            last = item.Bound;
        }

        if (isRising)
            return true;
        var bounds = new HashSet<double>();
        foreach (ref readonly var item in metric)
        {
            if (item.Part == FamilyPart.Value && !bounds.Add(item.Bound))
                return false;
        }

        return true;
    }
}
