using System.Runtime.InteropServices;

namespace ModelRunner.Exposition.Merging;

/// <summary>The families that have samples, in ordinal order of their names, and the samples of each in the order of the page.</summary>
internal sealed class FamilyList
{
    private readonly List<Family> _families = [];
    private readonly List<int> _spans = [];
    private readonly List<long> _keys = [];

    public ReadOnlySpan<Family> Families => CollectionsMarshal.AsSpan(_families);

    /// <summary>Lists the families after their membership was resolved.</summary>
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
    }

    /// <summary>The spans of a family: by the rank of the source, then in the source's own order. They live until the next call.</summary>
    public ReadOnlySpan<int> SpansOf(PageIndex index, in Family family)
    {
        _spans.Clear();
        var isMixed = false;
        AddSpans(index, family.Name, ref isMixed);
        for (var number = 0; number < FamilyMembership.MaxSuffixes; number++)
        {
            var suffix = FamilyMembership.Suffix(family.Type, number);
            var member = suffix.IsEmpty ? -1 : index.Names.Find(family.Name, suffix);
            if (member >= 0)
                AddSpans(index, member, ref isMixed);
        }

        var spans = CollectionsMarshal.AsSpan(_spans);
        if (isMixed)
            Sort(index, spans);
        return spans;
    }

    /// <summary>The number of the family of a name, or -1.</summary>
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

    private void AddSpans(PageIndex index, int name, ref bool isMixed)
    {
        for (var span = index.Names[name].FirstSpan; span >= 0; span = index.Span(span).Next)
        {
            if (_spans.Count > 0)
                isMixed |= Key(index, span) < Key(index, _spans[^1]);
            _spans.Add(span);
        }
    }

    private void Sort(PageIndex index, Span<int> spans)
    {
        _keys.Clear();
        foreach (var span in spans)
            _keys.Add(Key(index, span));
        CollectionsMarshal.AsSpan(_keys).Sort(spans);
    }

    private static long Key(PageIndex index, int span) => ((long)index.Source(index.Span(span).Source).Rank << 32) | (uint)span;
}
