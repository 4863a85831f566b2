using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Reading;

/// <summary>
/// The label names of the line before, each followed by an equals sign and a quote. They are known to be valid, to be different, and not to
/// be names of the target; a line whose names match needs no check of its own.
/// </summary>
internal sealed class LabelSchema
{
    private const int MaxNameBytes = 256;

    private readonly List<Entry> _entries = [];
    private readonly ByteBuilder _bytes = new();

    public void Clear()
    {
        _entries.Clear();
        _bytes.Clear();
    }

    /// <summary>Whether the label is <c>le</c> or <c>quantile</c>.</summary>
    public bool IsBound(int number) => _entries[number].IsBound;

    /// <summary>Whether a label has the same name as that of this number before. Then the position is moved to the value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryMatch(ReadOnlySpan<byte> line, int number, ref int position)
    {
        if (number >= _entries.Count)
            return false;
        var entry = CollectionsMarshal.AsSpan(_entries)[number];
        if (!line[position..].StartsWith(_bytes.Written.Slice(entry.Start, entry.Length)))
            return false;
        position += entry.Length;
        return true;
    }

    /// <summary>
    /// Checks a label name and puts it at this number; those behind it are forgotten. The position is moved to the value.
    /// </summary>
    public bool TryAdd(ReadOnlySpan<byte> line, int number, ref int position, TargetLabels target)
    {
        var start = position;
        if (position >= line.Length || !Characters.IsLabelStart(line[position]))
            return false;
        while (position < line.Length && Characters.IsLabelPart(line[position]))
            position++;
        var name = line[start..position];
        if (position + 2 >= line.Length || line[position] != '=' || line[position + 1] != '"' || name.Length > MaxNameBytes)
            return false;
        position += 2;
        if (LabelNames.IsMetricName(name) || target.HasName(name))
            return false;
        Truncate(number);
        foreach (var entry in _entries)
        {
            if (_bytes.Written.Slice(entry.Start, entry.Length - 2).SequenceEqual(name))
                return false;
        }

        _entries.Add(new Entry(_bytes.Length, position - start, LabelNames.IsBound(name)));
        _bytes.Append(line[start..position]);
        return true;
    }

    private void Truncate(int count)
    {
        if (_entries.Count == count)
            return;
        var bytes = _entries[count].Start;
        CollectionsMarshal.SetCount(_entries, count);
        _bytes.Truncate(bytes);
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Entry(int Start, int Length, bool IsBound);
}
