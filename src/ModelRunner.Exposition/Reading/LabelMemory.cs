using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Reading;

/// <summary>
/// The labels of previous lines: at each index the last label that was parsed there. Their names are known to be valid, distinct, and different
/// from target labels. If the next line has a label with the same name at this index, only its value is parsed; if the whole label is equal,
/// nothing is parsed.
/// </summary>
internal sealed class LabelMemory
{
    // One entry after the last label, which equals no label.
    private LabelEntry[] _entries = new LabelEntry[DebugSizes.Pick(16, 1)];

    public LabelMemory() => Forget(0);

    /// <summary>The label at this index; the index after the last one gives an entry that equals no label.</summary>
    public ref LabelEntry this[int number] => ref _entries[number];

    /// <summary>Removes the labels from an index on.</summary>
    public void Forget(int number)
    {
        if (number == _entries.Length)
            Array.Resize(ref _entries, number * 2);
        _entries[number] = new LabelEntry { NameLength = int.MaxValue };
    }

    /// <summary>
    /// Checks the name of a label up to the opening quote and stores it at this index, without a value. Labels after it are removed, since one
    /// of them may have this name.
    /// </summary>
    /// <param name="line">The body up to the end of the line.</param>
    /// <param name="number">The index of the label, from 0. Earlier labels must not have this name.</param>
    /// <param name="start">The start of the label.</param>
    /// <param name="target">Target labels, which must not have this name either.</param>
    public bool TryPutName(ReadOnlySpan<byte> line, int number, int start, TargetLabels target)
    {
        var position = start;
        if (position >= line.Length || !Characters.IsLabelStart(line[position]))
            return false;
        while (position < line.Length && Characters.IsLabelPart(line[position]))
            position++;
        var name = line[start..position];
        if (position + 2 >= line.Length || line[position] != '=' || line[position + 1] != '"')
            return false;
        if (LabelNames.IsMetricName(name) || target.HasName(name))
            return false;
        foreach (ref readonly var other in _entries.AsSpan(0, number))
        {
            if (line.Slice(other.Start, other.NameLength - 2).SequenceEqual(name))
                return false;
        }

        Forget(number + 1);
        _entries[number] = new LabelEntry { NameLength = name.Length + 2, Length = int.MaxValue, IsBound = LabelNames.IsBound(name) };
        return true;
    }
}
