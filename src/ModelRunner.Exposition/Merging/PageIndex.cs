using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Merging;

/// <summary>
/// The first pass over all sources: where every sample stands, to which name it belongs, and what was declared of the names.
/// </summary>
internal sealed class PageIndex
{
    private const int KeepSamples = 256 * 1024;

    private readonly List<SourceState> _sources = [];
    private SampleRecord[] _samples = new SampleRecord[DebugSizes.Pick(1024, 1)];
    private SampleSpan[] _spans = new SampleSpan[DebugSizes.Pick(256, 1)];

    public NameTable Names { get; } = new();

    public HelpTable Helps { get; } = new();

    public UnitTable Units { get; } = new();

    public int SourceCount { get; private set; }

    public int SampleCount { get; private set; }

    public int SpanCount { get; private set; }

    public SourceState Source(int index) => _sources[index];

    public ref SampleRecord Sample(int index) => ref _samples[index];

    public ref SampleSpan Span(int index) => ref _spans[index];

    /// <summary>The bytes in which a sample stands.</summary>
    public static ReadOnlySpan<byte> BytesOf(SourceState source, SampleFlags flags) =>
        (flags & SampleFlags.InArena) != SampleFlags.None ? source.Arena.Written : source.Body.Span;

    public SourceState BeginSource(TargetLabels labels, ReadOnlyMemory<byte> body, bool isOwn)
    {
        if (SourceCount == _sources.Count)
            _sources.Add(new SourceState());
        var source = _sources[SourceCount++];
        source.Begin(labels, body, isOwn);
        return source;
    }

    /// <summary>Notes a type that the current source declares for a name.</summary>
    public void DeclareType(int name, MetricType type)
    {
        ref var entry = ref Names[name];
        entry.LastTypeSource = SourceCount - 1;
        entry.IsOwnFamily |= entry.LastSpan >= 0 && _spans[entry.LastSpan].Source == SourceCount - 1;
        if (!entry.HasType)
        {
            entry.HasType = true;
            entry.Type = type;
        }
        else if (entry.Type != type && MetricTypes.IsGauge(type) && MetricTypes.IsGauge(entry.Type))
        {
            // Infos and state sets are gauges in text: a source that is read as text can say no more.
            entry.Type = MetricType.Gauge;
        }
        else if (entry.Type != type)
        {
            entry.HasTypeConflict = true;
        }
    }

    /// <summary>
    /// Where the next sample is to be put, before <see cref="AddSample"/>. It may hold anything, and what is put there may be left.
    /// </summary>
    public ref SampleRecord NextSample()
    {
        if (SampleCount == _samples.Length)
            Array.Resize(ref _samples, SampleCount * 2);
        return ref _samples[SampleCount];
    }

    /// <summary>Takes the sample from <see cref="NextSample"/> into the span that is open for its name, or opens one.</summary>
    public void AddSample(int name, bool continuesSpan)
    {
        if (!continuesSpan)
            OpenSpan(name);
        Names[name].Flags |= _samples[SampleCount].Flags;
        SampleCount++;
        _spans[SpanCount - 1].Count++;
    }

    public void Clear()
    {
        for (var i = 0; i < SourceCount; i++)
            _sources[i].End();
        // Those that were not needed this time may hold memory of a larger page.
        _sources.RemoveRange(SourceCount, _sources.Count - SourceCount);
        if (IsTooLarge(_samples.Length, SampleCount))
            _samples = new SampleRecord[DebugSizes.Pick(1024, 1)];
        if (IsTooLarge(_spans.Length, SpanCount))
            _spans = new SampleSpan[DebugSizes.Pick(256, 1)];
        SourceCount = SampleCount = SpanCount = 0;
        Names.Clear();
        Helps.Clear();
        Units.Clear();
    }

    // A large table is kept as long as pages fill a good part of it.
    private static bool IsTooLarge(int length, int used) => length > KeepSamples && used < length / 4;

    private void OpenSpan(int name)
    {
        if (SpanCount == _spans.Length)
            Array.Resize(ref _spans, SpanCount * 2);
        _spans[SpanCount] = new SampleSpan { Source = SourceCount - 1, First = SampleCount, Next = -1, Name = name };
        ref var entry = ref Names[name];
        entry.IsOwnFamily |= entry.LastTypeSource == SourceCount - 1;
        if (entry.FirstSpan < 0)
            entry.FirstSpan = SpanCount;
        else
            _spans[entry.LastSpan].Next = SpanCount;
        entry.LastSpan = SpanCount++;
    }
}
