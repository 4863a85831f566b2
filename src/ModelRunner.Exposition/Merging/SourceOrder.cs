namespace ModelRunner.Exposition.Merging;

/// <summary>
/// Ranks the sources: the caller's own families first, then by the values of the target labels, then in the order in which they were added.
/// </summary>
internal sealed class SourceOrder
{
    private readonly List<int> _order = [];

    /// <summary>Whether no two sources can have equal series, so that duplicates are searched only within each source.</summary>
    public bool AreDisjoint { get; private set; }

    public void Rank(PageIndex index)
    {
        _order.Clear();
        for (var source = 0; source < index.SourceCount; source++)
            _order.Add(source);
        _order.Sort((left, right) => Compare(index, left, right));
        AreDisjoint = true;
        for (var rank = 0; rank < _order.Count; rank++)
        {
            index.Source(_order[rank]).Rank = rank;
            if (rank > 0)
                AreDisjoint &= CannotMeet(index.Source(_order[rank - 1]), index.Source(_order[rank]));
        }
    }

    private static int Compare(PageIndex index, int left, int right)
    {
        var (one, other) = (index.Source(left), index.Source(right));
        if (one.IsOwn != other.IsOwn)
            return one.IsOwn ? -1 : 1;
        var order = TargetLabels.Compare(one.Labels, other.Labels);
        return order != 0 ? order : left.CompareTo(right);
    }

    // Comparing neighbours is enough: with the same names everywhere, equal values are adjacent. The caller's own families cannot equal a
    // source as long as they use reserved names only.
    private static bool CannotMeet(SourceState left, SourceState right)
    {
        if (left.IsOwn)
            return !right.IsOwn && !left.HasForeignNames;
        var (one, other) = (left.Labels, right.Labels);
        if (one.NameBytes.Length != other.NameBytes.Length)
            return false;
        var hasDifference = false;
        for (var i = 0; i < one.NameBytes.Length; i++)
        {
            var isEmpty = one.ValueBytes[i].Length == 0 || other.ValueBytes[i].Length == 0;
            if (isEmpty || !one.NameBytes[i].AsSpan().SequenceEqual(other.NameBytes[i]))
                return false;
            hasDifference |= !one.ValueBytes[i].AsSpan().SequenceEqual(other.ValueBytes[i]);
        }

        return hasDifference;
    }
}
