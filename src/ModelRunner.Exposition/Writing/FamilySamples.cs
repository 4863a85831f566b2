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
    private bool _isGrouped;

    public ReadOnlySpan<FamilySample> Items => CollectionsMarshal.AsSpan(_items);

    /// <summary>The number of metrics of the family.</summary>
    public int MetricCount => _metrics.Count;

    public void Clear()
    {
        _isGrouped = true;
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
        foreach (var number in spans)
        {
            ref readonly var span = ref index.Span(number);
            var source = index.Source(span.Source);
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
                    Value = ValueOf(source, record),
                    Part = part,
                };
                if (!bound.IsEmpty)
                    TakeBound(source, record, bound, ref item);
                Append(item);
            }
        }
    }

    /// <summary>Groups the samples by metric, in their original order.</summary>
    public void Group()
    {
        if (!_isGrouped)
            CollectionsMarshal.AsSpan(_keys).Sort(CollectionsMarshal.AsSpan(_items));
    }

    private static double ValueOf(SourceState source, in SampleRecord record)
    {
        var bytes = PageIndex.BytesOf(source, record.Flags)[record.Start..record.End];
        return Numbers.Parse(bytes[(bytes.LastIndexOf((byte)' ') + 1)..]);
    }

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

    private void Append(in FamilySample item)
    {
        uint metric;
        if (_items.Count > 0 && _items[^1].Metric == item.Metric)
        {
            metric = (uint)(_keys[^1] >> 32);
        }
        else
        {
            ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(_metrics, item.Metric, out var exists);
            if (!exists)
                known = (uint)_metrics.Count;
            metric = known;
        }

        var key = ((ulong)metric << 32) | (uint)_items.Count;
        _isGrouped &= _keys.Count == 0 || key > _keys[^1];
        _keys.Add(key);
        _items.Add(item);
    }

    private static void TakeBound(SourceState source, in SampleRecord record, ReadOnlySpan<byte> name, ref FamilySample item)
    {
        var labels = new CanonicalLabels(SeriesComparer.LabelsOf(source, record));
        while (labels.MoveNext())
        {
            var label = labels.Current;
            if (!label.StartsWith(name) || label[name.Length] != '=')
                continue;
            var isOwn = item.Part is FamilyPart.Value or FamilyPart.Bucket;
            if (isOwn)
                item.Metric -= SeriesHash.Of(label);
            item.Bound = isOwn && LabelNames.IsBound(name) ? Numbers.Parse(label[(name.Length + 2)..]) : 0;
            return;
        }
    }
}
