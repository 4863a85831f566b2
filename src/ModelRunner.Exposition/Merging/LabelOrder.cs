namespace ModelRunner.Exposition.Merging;

/// <summary>Compares large label sets in linear-logarithmic instead of quadratic time: a source may send the labels in any order.</summary>
internal static class LabelOrder
{
    private const int MaxOnStack = 128;

    /// <summary>
    /// Whether two sets with the same number of labels are equal. Each consists of target labels and sample labels, without duplicate names.
    /// </summary>
    public static bool AreEqual(
        ReadOnlySpan<byte> leftTarget, ReadOnlySpan<byte> left, ReadOnlySpan<byte> rightTarget, ReadOnlySpan<byte> right, int count)
    {
        Span<ulong> hashes = count <= MaxOnStack ? stackalloc ulong[2 * MaxOnStack] : new ulong[2 * count];
        Span<Range> places = count <= MaxOnStack ? stackalloc Range[2 * MaxOnStack] : new Range[2 * count];
        var one = places[..count];
        var other = places.Slice(count, count);
        Sort(leftTarget, left, hashes[..count], one);
        Sort(rightTarget, right, hashes.Slice(count, count), other);
        for (var i = 0; i < count; i++)
        {
            if (hashes[i] != hashes[count + i] || !LabelAt(leftTarget, left, one[i]).SequenceEqual(LabelAt(rightTarget, right, other[i])))
                return false;
        }

        return true;
    }

    private static void Sort(ReadOnlySpan<byte> target, ReadOnlySpan<byte> labels, Span<ulong> hashes, Span<Range> places)
    {
        var next = Fill(target, 0, 0, hashes, places);
        Fill(labels, target.Length, next, hashes, places);
        hashes.Sort(places);
    }

    private static int Fill(ReadOnlySpan<byte> bytes, int offset, int next, Span<ulong> hashes, Span<Range> places)
    {
        var labels = new CanonicalLabels(bytes);
        while (labels.MoveNext())
        {
            bytes.Overlaps(labels.Current, out var start);
            hashes[next] = SeriesHash.Of(labels.Current);
            places[next++] = new Range(offset + start, offset + start + labels.Current.Length);
        }

        return next;
    }

    // Offsets of the sample continue after those of the target.
    private static ReadOnlySpan<byte> LabelAt(ReadOnlySpan<byte> target, ReadOnlySpan<byte> labels, Range place)
    {
        var (start, end) = (place.Start.Value, place.End.Value);
        return end <= target.Length ? target[start..end] : labels[(start - target.Length)..(end - target.Length)];
    }
}
