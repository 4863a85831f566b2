using System.Runtime.InteropServices;
using ModelRunner.Exposition.Merging;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Writing;

/// <summary>
/// Finds the bound of a sample: its label <c>le</c> or <c>quantile</c>, or its state. Most histograms of a page have the same few label sets. So
/// the bound is kept for each label set, also for later pages, and most labels are not read again. Two label sets are equal if their hashes are
/// equal, as for the grouping of samples, see <see cref="SeriesHash"/>.
/// </summary>
internal sealed class BoundMemory
{
    // 8 KiB: this fits into the first cache of a processor.
    private static readonly int Size = DebugSizes.Pick(256, 4);

    // A label set is stored at the first free place near that of its hash. If there is none, it replaces the one at that of its hash.
    private const int MaxDistance = 4;

    private readonly Entry[] _entries = new Entry[Size];
    private ulong _nameHash;
    private bool _isNumber;

    /// <summary>Chooses the label that the next calls of <see cref="Find"/> look for.</summary>
    public void Choose(ReadOnlySpan<byte> name)
    {
        _nameHash = SeriesHash.Of(name);
        _isNumber = LabelNames.IsBound(name);
    }

    /// <summary>The bound of a sample. Borrowed: valid until the next call.</summary>
    /// <param name="source">The source of the sample.</param>
    /// <param name="record">The sample.</param>
    /// <param name="name">The name that was given to <see cref="Choose"/>.</param>
    public ref readonly Entry Find(SourceState source, in SampleRecord record, ReadOnlySpan<byte> name)
    {
        var key = record.Hash + _nameHash;
        var place = (int)key & (Size - 1);
        for (var distance = 0; distance < MaxDistance; distance++)
        {
            var next = ((int)key + distance) & (Size - 1);
            ref var entry = ref _entries[next];
            if (!entry.IsUsed)
            {
                place = next;
                break;
            }

            if (entry.Key == key)
                return ref entry;
        }

        _entries[place] = Read(source, record, name) with { Key = key, IsUsed = true };
        return ref _entries[place];
    }

    private Entry Read(SourceState source, in SampleRecord record, ReadOnlySpan<byte> name)
    {
        var labels = new CanonicalLabels(SeriesComparer.LabelsOf(source, record));
        while (labels.MoveNext())
        {
            var label = labels.Current;
            if (label.StartsWith(name) && label[name.Length] == '=')
                return new Entry { Exists = true, Hash = SeriesHash.Of(label), Value = _isNumber ? Numbers.Parse(label[(name.Length + 2)..]) : 0 };
        }

        return default;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct Entry
    {
        public ulong Key;

        /// <summary>The hash of the label.</summary>
        public ulong Hash;

        /// <summary>The number; 0 for a state.</summary>
        public double Value;

        /// <summary>Whether the sample has the label.</summary>
        public bool Exists;

        public bool IsUsed;
    }
}
