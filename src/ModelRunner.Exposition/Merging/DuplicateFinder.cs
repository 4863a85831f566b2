using System.Runtime.InteropServices;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Merging;

/// <summary>
/// Finds samples of a series that the page already has and marks them as dropped; the first one is kept. One table is used for one family of
/// each source in turn, or for a whole family if sources can share a series.
/// </summary>
internal sealed class DuplicateFinder
{
    private const int KeepSlots = 64 * 1024;

    private Slot[] _slots = new Slot[DebugSizes.Pick(64, 2)];
    private uint _round;

    /// <summary>Checks the spans of one family in the order of the page.</summary>
    public void Find(PageIndex index, ReadOnlySpan<int> spans, bool areSourcesDisjoint)
    {
        while (!spans.IsEmpty)
        {
            var count = areSourcesDisjoint ? SameSource(index, spans) : spans.Length;
            FindWithin(index, spans[..count]);
            spans = spans[count..];
        }
    }

    /// <summary>Frees a table that is larger than an ordinary page needs.</summary>
    public void Trim()
    {
        if (_slots.Length > KeepSlots)
            _slots = new Slot[DebugSizes.Pick(64, 2)];
    }

    private static int SameSource(PageIndex index, ReadOnlySpan<int> spans)
    {
        var source = index.Span(spans[0]).Source;
        var count = 1;
        while (count < spans.Length && index.Span(spans[count]).Source == source)
            count++;
        return count;
    }

    private void FindWithin(PageIndex index, ReadOnlySpan<int> spans)
    {
        var total = 0;
        foreach (var span in spans)
            total += index.Span(span).Count;
        if (total < 2)
            return;
        Begin(total);
        foreach (var number in spans)
        {
            ref readonly var span = ref index.Span(number);
            var source = index.Source(span.Source);
            var offset = source.LabelsHash + index.Names[span.Name].Hash;
            for (var sample = span.First; sample < span.First + span.Count; sample++)
            {
                ref var record = ref index.Sample(sample);
                if ((record.Flags & SampleFlags.IsDropped) != SampleFlags.None || Add(index, source, record.Hash + offset, sample, number))
                    continue;
                record.Flags |= SampleFlags.IsDropped;
                source.Summary.Samples--;
                source.Summary.DropSample(ExpositionErrorReason.DuplicateSeries);
            }
        }
    }

    private void Begin(int total)
    {
        var size = _slots.Length;
        while (size < total * 2)
            size *= 2;
        if (size > _slots.Length)
            _slots = new Slot[size];
        _round++;
        if (_round == 0)
        {
            Array.Clear(_slots);
            _round = 1;
        }
    }

    /// <summary>Adds the series; returns false if it exists.</summary>
    private bool Add(PageIndex index, SourceState source, ulong hash, int sample, int span)
    {
        var mask = _slots.Length - 1;
        hash *= 0x9E3779B97F4A7C15;
        var tag = (uint)hash;
        for (var position = (int)(hash >> 32) & mask; ; position = (position + 1) & mask)
        {
            ref var slot = ref _slots[position];
            if (slot.Round != _round)
            {
                slot = new Slot { Round = _round, Tag = tag, Sample = sample, Span = span };
                return true;
            }

            if (slot.Tag != tag || index.Span(slot.Span).Name != index.Span(span).Name)
                continue;
            var other = index.Source(index.Span(slot.Span).Source);
            if (SeriesComparer.AreEqual(other, index.Sample(slot.Sample), source, index.Sample(sample)))
                return false;
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Slot
    {
        public uint Round;
        public uint Tag;
        public int Sample;
        public int Span;
    }
}
