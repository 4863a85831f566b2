namespace ModelRunner.Exposition.Merging;

/// <summary>Compares the label sets of two samples of one name, in any order of labels.</summary>
internal static class SeriesComparer
{
    /// <summary>Up to this number of labels they are compared pairwise; larger sets are sorted first.</summary>
    private const int FewLabels = 8;

    public static bool AreEqual(SourceState left, in SampleRecord one, SourceState right, in SampleRecord other)
    {
        var first = LabelsOf(left, one);
        var second = LabelsOf(right, other);
        if (ReferenceEquals(left.Labels, right.Labels) && first.SequenceEqual(second))
            return true;
        var count = Count(left, first);
        if (count != Count(right, second))
            return false;
        if (count > FewLabels)
            return LabelOrder.AreEqual(left.Labels.Encoded, first, right.Labels.Encoded, second, count);
        return AreAllIn(new CanonicalLabels(first), right, second)
            && AreAllIn(new CanonicalLabels(left.Labels.Encoded), right, second);
    }

    /// <summary>The canonical labels of a sample, with braces; empty if it has none of its own.</summary>
    public static ReadOnlySpan<byte> LabelsOf(SourceState source, in SampleRecord sample)
    {
        var bytes = PageIndex.BytesOf(source, sample.Flags)[(sample.Start + sample.NameLength)..sample.End];
        // A value contains no blank, so the last blank ends the labels.
        return bytes[..bytes.LastIndexOf((byte)' ')];
    }

    private static bool AreAllIn(CanonicalLabels wanted, SourceState source, ReadOnlySpan<byte> labels)
    {
        while (wanted.MoveNext())
        {
            if (!IsIn(wanted.Current, new CanonicalLabels(labels)) && !IsIn(wanted.Current, new CanonicalLabels(source.Labels.Encoded)))
                return false;
        }

        return true;
    }

    private static bool IsIn(ReadOnlySpan<byte> label, CanonicalLabels labels)
    {
        while (labels.MoveNext())
        {
            if (labels.Current.SequenceEqual(label))
                return true;
        }

        return false;
    }

    private static int Count(SourceState source, ReadOnlySpan<byte> labels)
    {
        var count = 0;
        var own = new CanonicalLabels(labels);
        while (own.MoveNext())
            count++;
        var target = new CanonicalLabels(source.Labels.Encoded);
        while (target.MoveNext())
            count++;
        return count;
    }
}
