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

    private Entry[] _entries = new Entry[DebugSizes.Pick(16, 1)];
    private byte[] _bytes = new byte[DebugSizes.Pick(256, 1)];
    private int _count;
    private int _used;

    public void Clear() => _count = _used = 0;

    /// <summary>Whether the label is <c>le</c> or <c>quantile</c>.</summary>
    public bool IsBound(int number) => _entries[number].IsBound;

    /// <summary>Whether a label has the same name as that of this number before. Then the position is moved to the value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryMatch(ReadOnlySpan<byte> line, int number, ref int position)
    {
        var entries = _entries;
        if (number >= _count || (uint)number >= (uint)entries.Length)
            return false;
        ref readonly var entry = ref entries[number];
        if (line.Length - position < entry.Length)
            return false;
        if (!line.Slice(position, entry.Length).SequenceEqual(_bytes.AsSpan(entry.Start, entry.Length)))
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
        foreach (ref readonly var entry in _entries.AsSpan(0, _count))
        {
            if (_bytes.AsSpan(entry.Start, entry.Length - 2).SequenceEqual(name))
                return false;
        }

        Append(line[start..position], LabelNames.IsBound(name));
        return true;
    }

    private void Append(ReadOnlySpan<byte> name, bool isBound)
    {
        if (_count == _entries.Length)
            Array.Resize(ref _entries, _count * 2);
        if (_used + name.Length > _bytes.Length)
            Array.Resize(ref _bytes, Math.Max(_used + name.Length, _bytes.Length * 2));
        _entries[_count++] = new Entry(_used, name.Length, isBound);
        name.CopyTo(_bytes.AsSpan(_used));
        _used += name.Length;
    }

    private void Truncate(int count)
    {
        if (_count == count)
            return;
        _used = _entries[count].Start;
        _count = count;
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Entry(int Start, int Length, bool IsBound);
}
