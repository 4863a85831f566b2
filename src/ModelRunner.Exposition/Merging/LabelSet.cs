using ModelRunner.Exposition.Reading;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Merging;

/// <summary>
/// The labels of one sample as the page shows them. Only this class decides what happens to a label that clashes with a target label, and what
/// an empty value means.
/// </summary>
/// <remarks>
/// The rule is that of Prometheus with <c>honor_labels: false</c> (scrape.go, resolveConflictingExposedLabels). A label with an empty value
/// counts as absent. Clashing labels are processed in the order of the length of their names; each gets <c>exported_</c> before its name,
/// repeatedly, until no other label has that name.
/// </remarks>
internal sealed class LabelSet
{
    private LabelItem[] _items = new LabelItem[DebugSizes.Pick(16, 1)];
    private int _count;

    /// <summary>The labels with their values, in the order of the line.</summary>
    public ReadOnlySpan<LabelItem> Items => _items.AsSpan(0, _count);

    public void Fill(ReadOnlySpan<byte> line, ReadOnlySpan<LabelSlot> slots, TargetLabels target)
    {
        _count = 0;
        var clashes = 0;
        foreach (ref readonly var slot in slots)
        {
            if (slot.ValueEnd == slot.ValueStart)
                continue;
            if (_count == _items.Length)
                Array.Resize(ref _items, _count * 2);
            var isClash = target.HasName(line[slot.NameStart..slot.NameEnd]);
            clashes += isClash ? 1 : 0;
            _items[_count++] = new LabelItem(slot.NameStart, slot.NameEnd, slot.ValueStart, slot.ValueEnd, isClash);
        }

        for (; clashes > 0; clashes--)
            Rename(line, ref _items[NextClash(line)], target);
    }

    // The shortest name first, and of equal lengths the first in ordinal order, because Prometheus sorts the target labels.
    private int NextClash(ReadOnlySpan<byte> line)
    {
        var best = -1;
        for (var i = 0; i < _count; i++)
        {
            if (_items[i].IsUnresolved && (best < 0 || ComesBefore(_items[i].Name(line), _items[best].Name(line))))
                best = i;
        }

        return best;
    }

    private static bool ComesBefore(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) =>
        left.Length != right.Length ? left.Length < right.Length : left.SequenceCompareTo(right) < 0;

    private void Rename(ReadOnlySpan<byte> line, ref LabelItem item, TargetLabels target)
    {
        var prefixes = 1;
        while (IsTaken(line, item.Name(line), prefixes, target))
            prefixes++;
        item = item with { Prefixes = prefixes, IsUnresolved = false };
    }

    private bool IsTaken(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name, int prefixes, TargetLabels target)
    {
        for (var i = 0; i < target.NameBytes.Length; i++)
        {
            if (target.ValueBytes[i].Length > 0 && IsExported(target.NameBytes[i], 0, name, prefixes))
                return true;
        }

        foreach (ref readonly var item in Items)
        {
            if (!item.IsUnresolved && IsExported(item.Name(line), item.Prefixes, name, prefixes))
                return true;
        }

        return false;
    }

    /// <summary>Whether two names are equal after <c>exported_</c> is put before each of them a number of times.</summary>
    private static bool IsExported(ReadOnlySpan<byte> candidate, int candidatePrefixes, ReadOnlySpan<byte> name, int prefixes)
    {
        prefixes -= candidatePrefixes;
        for (; prefixes < 0; prefixes++)
        {
            if (!name.StartsWith(LabelNames.ExportedPrefix))
                return false;
            name = name[LabelNames.ExportedPrefix.Length..];
        }

        for (; prefixes > 0; prefixes--)
        {
            if (!candidate.StartsWith(LabelNames.ExportedPrefix))
                return false;
            candidate = candidate[LabelNames.ExportedPrefix.Length..];
        }

        return candidate.SequenceEqual(name);
    }
}
