using System.Runtime.InteropServices;
using ModelRunner.Exposition.Merging;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Writing;

/// <summary>
/// The samples of one family in the order of OpenMetrics: the samples of one metric (one set of labels, without the bound) are adjacent, and
/// metrics are in the order of their first sample.
/// </summary>
internal sealed class FamilySamples
{
    private readonly List<FamilySample> _items = [];
    private readonly List<ulong> _keys = [];
    private readonly Dictionary<ulong, uint> _metrics = [];
    private readonly BoundMemory _bounds = new();
    private uint _lastMetric;
    private bool _isGrouped;

    public ReadOnlySpan<FamilySample> Items => CollectionsMarshal.AsSpan(_items);

    /// <summary>The number of metrics of the family.</summary>
    public int MetricCount => _metrics.Count;

    public void Clear()
    {
        _isGrouped = true;
        _lastMetric = 0;
        _items.Clear();
        _keys.Clear();
        _metrics.Clear();
        if (_items.Capacity > 64 * 1024)
        {
            _items.TrimExcess();
            _keys.TrimExcess();
            _metrics.TrimExcess();
        }
    }

    /// <summary>Appends the samples of some spans.</summary>
    /// <param name="index">The page.</param>
    /// <param name="spans">The spans.</param>
    /// <param name="nameLength">The number of bytes of the sample's name that are the name of the family.</param>
    /// <param name="bound">
    /// The label that does not identify the metric: <c>le</c> for buckets, <c>quantile</c>, the name of a state; or empty.
    /// </param>
    public void Add(PageIndex index, ReadOnlySpan<int> spans, int nameLength, ReadOnlySpan<byte> bound)
    {
        if (!bound.IsEmpty)
            _bounds.Choose(bound);
        foreach (var number in spans)
        {
            ref readonly var span = ref index.Span(number);
            var source = index.Source(span.Source);
            var bytes = new SourceBytes(source);
            var part = PartOf(index.Names.Name(span.Name)[nameLength..]);
            for (var sample = span.First; sample < span.First + span.Count; sample++)
            {
                ref readonly var record = ref index.Sample(sample);
                if ((record.Flags & SampleFlags.IsDropped) != SampleFlags.None)
                    continue;
                var item = new FamilySample
                {
                    Metric = record.Hash + source.LabelsHash,
                    Sample = sample,
                    Source = span.Source,
                    Bound = double.NaN,
                    Value = ValueOf(bytes.Of(record)),
                    Part = part,
                };
                if (!bound.IsEmpty)
                    TakeBound(_bounds.Find(source, record, bound), ref item);
                Append(ref item);
            }
        }
    }

    /// <summary>Groups the samples by metric, in their original order.</summary>
    /// <returns>Whether they already were in this order.</returns>
    public bool Group()
    {
        if (_isGrouped)
            return true;
        _keys.Clear();
        for (var number = 0; number < _items.Count; number++)
            _keys.Add(((ulong)Items[number].MetricNumber << 32) | (uint)number);
        CollectionsMarshal.AsSpan(_keys).Sort(CollectionsMarshal.AsSpan(_items));
        return false;
    }

    private static double ValueOf(ReadOnlySpan<byte> sample) => Numbers.Parse(sample[(sample.LastIndexOf((byte)' ') + 1)..]);

    private static FamilyPart PartOf(ReadOnlySpan<byte> suffix)
    {
        if (suffix.SequenceEqual("_bucket"u8))
            return FamilyPart.Bucket;
        if (suffix.SequenceEqual("_sum"u8) || suffix.SequenceEqual("_gsum"u8))
            return FamilyPart.Sum;
        if (suffix.SequenceEqual("_count"u8) || suffix.SequenceEqual("_gcount"u8))
            return FamilyPart.Count;
        return suffix.SequenceEqual("_created"u8) ? FamilyPart.Created : FamilyPart.Value;
    }

    private void Append(ref FamilySample item)
    {
        uint metric;
        if (_items.Count > 0 && _items[^1].Metric == item.Metric)
        {
            metric = _lastMetric;
        }
        else
        {
            ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(_metrics, item.Metric, out var exists);
            if (!exists)
                known = (uint)_metrics.Count;
            metric = known;
        }

        _isGrouped &= metric >= _lastMetric;
        _lastMetric = metric;
        item.MetricNumber = metric;
        _items.Add(item);
    }

    private static void TakeBound(in BoundMemory.Entry bound, ref FamilySample item)
    {
        if (!bound.Exists)
            return;
        var isOwn = item.Part is FamilyPart.Value or FamilyPart.Bucket;
        if (isOwn)
            item.Metric -= bound.Hash;
        item.Bound = isOwn ? bound.Value : 0;
    }
}
