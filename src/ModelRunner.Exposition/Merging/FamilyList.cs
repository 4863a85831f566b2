using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Merging;

/// <summary>The families that have samples, in ordinal order of their names, and the samples of each in the order of the page.</summary>
internal sealed class FamilyList
{
    private readonly List<Family> _families = [];
    private readonly List<int> _spans = [];

    // The first span of each family, and the end of the last one.
    private readonly List<int> _starts = [];
    private readonly List<int> _otherSpans = [];
    private readonly List<long> _keys = [];

    public ReadOnlySpan<Family> Families => CollectionsMarshal.AsSpan(_families);

    /// <summary>Builds the list after the membership is resolved.</summary>
    public void Fill(PageIndex index, int[] conflicts)
    {
        _families.Clear();
        var names = index.Names;
        for (var name = 0; name < names.Count; name++)
        {
            ref readonly var entry = ref names[name];
            if (entry.Family != name || !HasSamples(names, name))
                continue;
            conflicts[(int)MergeConflict.Help] += index.Helps.HasConflict(entry) ? 1 : 0;
            conflicts[(int)MergeConflict.Unit] += entry.HasUnitConflict ? 1 : 0;
            _families.Add(new Family(name, entry.PageType, index.Helps.Choose(entry), UnitTable.Choose(entry)));
        }

        _families.Sort((left, right) => names.Name(left.Name).SequenceCompareTo(names.Name(right.Name)));
        _spans.Clear();
        _starts.Clear();
        foreach (ref readonly var family in Families)
        {
            _starts.Add(_spans.Count);
            AddSpans(index, family, _spans);
        }

        _starts.Add(_spans.Count);
    }

    /// <summary>
    /// The spans of the family with this number: by the rank of the source, then in the order of the source. Borrowed: valid until the next
    /// <see cref="Fill"/>.
    /// </summary>
    public ReadOnlySpan<int> SpansOf(int number) => CollectionsMarshal.AsSpan(_spans)[_starts[number].._starts[number + 1]];

    /// <summary>The spans of a family that is not in the list, in the same order. Borrowed: valid until the next call.</summary>
    public ReadOnlySpan<int> SpansOf(PageIndex index, in Family family)
    {
        _otherSpans.Clear();
        AddSpans(index, family, _otherSpans);
        return CollectionsMarshal.AsSpan(_otherSpans);
    }

    /// <summary>The number of the family with a name, or -1.</summary>
    public int Find(PageIndex index, int name)
    {
        var wanted = index.Names.Name(name);
        var (low, high) = (0, _families.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var order = index.Names.Name(_families[middle].Name).SequenceCompareTo(wanted);
            if (order == 0)
                return middle;
            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return -1;
    }

    private static bool HasSamples(NameTable names, int name)
    {
        if (names[name].FirstSpan >= 0)
            return true;
        for (var number = 0; number < FamilyMembership.MaxSuffixes; number++)
        {
            var suffix = FamilyMembership.Suffix(names[name].PageType, number);
            var member = suffix.IsEmpty ? -1 : names.Find(name, suffix);
            if (member >= 0 && names[member].FirstSpan >= 0)
                return true;
        }

        return false;
    }

    private void AddSpans(PageIndex index, in Family family, List<int> spans)
    {
        var start = spans.Count;
        _keys.Clear();
        var isSorted = AddSpans(index, family.Name, spans);
        for (var number = 0; number < FamilyMembership.MaxSuffixes; number++)
        {
            var suffix = FamilyMembership.Suffix(family.Type, number);
            var member = suffix.IsEmpty ? -1 : index.Names.Find(family.Name, suffix);
            if (member >= 0)
                isSorted &= AddSpans(index, member, spans);
        }

        if (!isSorted)
            CollectionsMarshal.AsSpan(_keys).Sort(CollectionsMarshal.AsSpan(spans)[start..]);
    }

    // Whether the added spans are still in order.
    private bool AddSpans(PageIndex index, int name, List<int> spans)
    {
        var isSorted = true;
        for (var span = index.Names[name].FirstSpan; span >= 0; span = index.Span(span).Next)
        {
            var key = ((long)index.Source(index.Span(span).Source).Rank << 32) | (uint)span;
            isSorted &= _keys.Count == 0 || key > _keys[^1];
            _keys.Add(key);
            spans.Add(span);
        }

        return isSorted;
    }
}
