using ModelRunner.Exposition.Merging;

namespace ModelRunner.Exposition.Writing;

/// <summary>The rules of OpenMetrics 1.0 for the buckets, the count and the sum of one histogram or gauge histogram.</summary>
internal static class HistogramRules
{
    /// <summary>From this value on, different integers can be the same double.</summary>
    public const double ExactIntegers = 9007199254740992;

    public static bool AreKept(PageIndex index, ReadOnlySpan<FamilySample> metric, bool isGauge)
    {
        var bound = double.NegativeInfinity;
        int last = -1, count = -1, sum = -1;
        var hasNegativeBound = false;
        for (var number = 0; number < metric.Length; number++)
        {
            ref readonly var item = ref metric[number];
            if (item.Part == FamilyPart.Sum)
                sum = number;
            if (item.Part == FamilyPart.Count)
                count = number;
            if (item.Part != FamilyPart.Bucket)
                continue;
            if (!(item.Bound > bound) || (last >= 0 && !IsNotBelow(index, metric[last], item)))
                return false;
            hasNegativeBound |= item.Bound < 0;
            (bound, last) = (item.Bound, number);
        }

        if (!double.IsPositiveInfinity(bound) || count < 0 != sum < 0)
            return false;
        if (count < 0)
            return true;
        var isSumAllowed = isGauge ? hasNegativeBound || metric[sum].Value >= 0 : !hasNegativeBound;
        return isSumAllowed && metric[count].Value == metric[last].Value && IsNotBelow(index, metric[last], metric[count]);
    }

    // Some readers compare integers of any size. Integers that are equal as doubles must then also have equal text.
    private static bool IsNotBelow(PageIndex index, in FamilySample before, in FamilySample item)
    {
        if (before.Value < ExactIntegers || before.Value != item.Value)
            return before.Value <= item.Value;
        return ValueText(index, before).SequenceEqual(ValueText(index, item));
    }

    private static ReadOnlySpan<byte> ValueText(PageIndex index, in FamilySample item)
    {
        ref readonly var record = ref index.Sample(item.Sample);
        var bytes = PageIndex.BytesOf(index.Source(item.Source), record.Flags)[record.Start..record.End];
        return bytes[bytes.LastIndexOf((byte)' ')..];
    }
}
