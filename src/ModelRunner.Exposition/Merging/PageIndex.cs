using System.Runtime.CompilerServices;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Merging;

/// <summary>The index of all sources: the position of every sample, its name, and the declarations of all names.</summary>
internal sealed class PageIndex
{
    private const int KeepSamples = 256 * 1024;

    private const int KeepTouched = 4096;

    private readonly List<SourceState> _sources = [];

    // The state of the names before the current source, so that the source can be removed. It contains every name of every source, so it is an
    // array that each entry is copied into once.
    private TouchedName[] _touched = new TouchedName[DebugSizes.Pick(64, 1)];
    private int _touchedCount;
    private int _firstSample;
    private int _firstSpan;
    private int _firstName;
    private SampleRecord[] _samples = new SampleRecord[DebugSizes.Pick(1024, 1)];
    private SampleSpan[] _spans = new SampleSpan[DebugSizes.Pick(256, 1)];

    public NameTable Names { get; } = new();

    public HelpTable Helps { get; } = new();

    public UnitTable Units { get; } = new();

    public int SourceCount { get; private set; }

    public int SampleCount { get; private set; }

    public int SpanCount { get; private set; }

    /// <summary>The bytes of samples, spans and rewritten lines.</summary>
    public long Bytes
    {
        get
        {
            var bytes = ((long)SampleCount * Unsafe.SizeOf<SampleRecord>()) + ((long)SpanCount * Unsafe.SizeOf<SampleSpan>());
            for (var i = 0; i < SourceCount; i++)
                bytes += _sources[i].Arena.Length;
            return bytes;
        }
    }

    public SourceState Source(int index) => _sources[index];

    public ref SampleRecord Sample(int index) => ref _samples[index];

    public ref SampleSpan Span(int index) => ref _spans[index];

    /// <summary>The bytes of a sample.</summary>
    public static ReadOnlySpan<byte> BytesOf(SourceState source, SampleFlags flags) =>
        (flags & SampleFlags.InArena) != SampleFlags.None ? source.Arena.Written : source.Body.Span;

    public SourceState BeginSource(TargetLabels labels, ReadOnlyMemory<byte> body, bool isOwn)
    {
        if (SourceCount == _sources.Count)
            _sources.Add(new SourceState());
        var source = _sources[SourceCount++];
        source.Begin(labels, body, isOwn);
        (_firstSample, _firstSpan, _firstName) = (SampleCount, SpanCount, Names.Count);
        _touchedCount = 0;
        Helps.BeginSource();
        return source;
    }

    /// <summary>Removes the current source completely. Only valid before the next one begins.</summary>
    public void RemoveSource()
    {
        foreach (ref readonly var touched in _touched.AsSpan(0, _touchedCount))
        {
            ref var entry = ref Names[touched.Name];
            var next = entry.Next;
            entry = touched.Entry;
            entry.Next = next;
            if (entry.LastSpan >= 0)
                _spans[entry.LastSpan].Next = -1;
        }

        for (var name = _firstName; name < Names.Count; name++)
            Names.Blank(name);
        Helps.RemoveSource();
        (SampleCount, SpanCount) = (_firstSample, _firstSpan);
        _sources[--SourceCount].End();
    }

    /// <summary>The index of a name that the current source declares or uses.</summary>
    public int NameOf(ReadOnlySpan<byte> name)
    {
        var found = Names.GetOrAdd(name);
        Touch(found);
        return found;
    }

    /// <summary>As <see cref="NameOf"/>, for a name whose index is known.</summary>
    public void Reuse(int name)
    {
        Names.Reuse(name);
        Touch(name);
    }

    /// <summary>Records a type that the current source declares for a name.</summary>
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
            // Infos and state sets are gauges in text, and a text body cannot declare them.
            entry.Type = MetricType.Gauge;
        }
        else if (entry.Type != type)
        {
            entry.HasTypeConflict = true;
        }
    }

    /// <summary>
    /// The storage for the next sample, to be filled before <see cref="AddSample"/>. Its content is undefined, and it may be abandoned.
    /// </summary>
    public ref SampleRecord NextSample()
    {
        if (SampleCount == _samples.Length)
            Array.Resize(ref _samples, SampleCount * 2);
        return ref _samples[SampleCount];
    }

    /// <summary>Adds the sample of <see cref="NextSample"/> to the open span of its name, or opens one.</summary>
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
        // Unused ones may hold memory of a larger page.
        _sources.RemoveRange(SourceCount, _sources.Count - SourceCount);
        if (IsTooLarge(_samples.Length, SampleCount))
            _samples = new SampleRecord[DebugSizes.Pick(1024, 1)];
        if (IsTooLarge(_spans.Length, SpanCount))
            _spans = new SampleSpan[DebugSizes.Pick(256, 1)];
        SourceCount = SampleCount = SpanCount = 0;
        _touchedCount = 0;
        if (_touched.Length > KeepTouched)
            _touched = new TouchedName[DebugSizes.Pick(64, 1)];
        Names.Clear();
        Helps.Clear();
        Units.Clear();
    }

    private void Touch(int name)
    {
        ref var entry = ref Names[name];
        if (name >= _firstName || entry.LastSource == SourceCount - 1)
            return;
        if (_touchedCount == _touched.Length)
            Array.Resize(ref _touched, _touchedCount * 2);
        ref var touched = ref _touched[_touchedCount++];
        touched.Name = name;
        touched.Entry = entry;
        entry.LastSource = SourceCount - 1;
    }

    // A large table is kept while pages fill a good part of it.
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
