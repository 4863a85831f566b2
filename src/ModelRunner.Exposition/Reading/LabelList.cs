namespace ModelRunner.Exposition.Reading;

/// <summary>The labels of one sample or exemplar, in the order of the line. Reused for every line.</summary>
internal sealed class LabelList
{
    private LabelSlot[] _slots = new LabelSlot[Text.DebugSizes.Pick(16, 1)];

    public int Count { get; private set; }

    public ReadOnlySpan<LabelSlot> Slots => _slots.AsSpan(0, Count);

    public void Clear() => Count = 0;

    /// <summary>Removes all but the first labels.</summary>
    public void Truncate(int count) => Count = count;

    public ref LabelSlot Add()
    {
        if (Count == _slots.Length)
            Array.Resize(ref _slots, _slots.Length * 2);
        return ref _slots[Count++];
    }

    /// <summary>Whether the last label has the same name as an earlier one.</summary>
    public bool IsLastDuplicate(ReadOnlySpan<byte> line)
    {
        ref readonly var last = ref _slots[Count - 1];
        var name = line[last.NameStart..last.NameEnd];
        foreach (ref readonly var slot in _slots.AsSpan(0, Count - 1))
        {
            if (slot.NameEnd - slot.NameStart == name.Length && line[slot.NameStart..slot.NameEnd].SequenceEqual(name))
                return true;
        }

        return false;
    }
}
