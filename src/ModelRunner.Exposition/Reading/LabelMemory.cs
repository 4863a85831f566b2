using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Reading;

/// <summary>
/// The labels of the lines before: of each number the last one that was read, with what was learned of it. Their names are known to be
/// valid, to be different, and not to be names of the target. So a label that begins with the same name needs only its value read, and
/// one that is the same needs nothing.
/// </summary>
internal sealed class LabelMemory
{
    // Behind the last label is room for one more, which equals nothing.
    private LabelEntry[] _entries = new LabelEntry[DebugSizes.Pick(16, 1)];

    public LabelMemory() => Forget(0);

    /// <summary>The label of this number; the first that is not there is one that nothing equals.</summary>
    public ref LabelEntry this[int number] => ref _entries[number];

    /// <summary>Forgets the labels from a number on.</summary>
    public void Forget(int number)
    {
        if (number == _entries.Length)
            Array.Resize(ref _entries, number * 2);
        _entries[number] = new LabelEntry { NameLength = int.MaxValue };
    }

    /// <summary>
    /// Checks the name of a label up to the opening quote and puts it at this number, without a value. Those behind it are forgotten, since
    /// it may be the name of one of them.
    /// </summary>
    /// <param name="line">The body up to the end of the line.</param>
    /// <param name="number">The number of the label, from 0. Those before it must not have the name.</param>
    /// <param name="start">Where the label begins.</param>
    /// <param name="target">Labels that must not have the name either.</param>
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
