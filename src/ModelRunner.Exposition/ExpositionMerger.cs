using System.Buffers;
using ModelRunner.Exposition.Merging;
using ModelRunner.Exposition.Reading.Kernels;
using ModelRunner.Exposition.Writing;

namespace ModelRunner.Exposition;

/// <summary>
/// Merges the pages of many sources into one. Call <see cref="Add(TargetLabels, ReadOnlyMemory{byte})"/> for each source, <see cref="AddOwn"/>
/// for the caller's own families, then <see cref="WriteTo"/>, then <see cref="Reset"/> before the next page. To write a large page in parts,
/// call <see cref="BeginPage"/>, then <see cref="WritePart"/> until nothing is left. The buffers are reused, so one instance for each
/// concurrent page allocates almost nothing. Not thread-safe.
/// </summary>
/// <remarks>
/// No sample is lost silently: for every source, the samples of its body are those on the page plus those counted in its
/// <see cref="SourceSummary"/>. Conflicts between sources are counted by <see cref="Conflicts"/>.
/// </remarks>
public sealed class ExpositionMerger
{
    private const int NoPage = -1;

    private readonly PageIndex _index = new();
    private readonly FamilyList _families = new();
    private readonly SourceOrder _order = new();
    private readonly DuplicateFinder _duplicates = new();
    private readonly OpenMetricsPageWriter _openMetrics = new();
    private readonly SourceReader _reader;
    private readonly int[] _conflicts = new int[MergeConflicts.Count];
    private readonly ExpositionLimits _limits;
    private bool _isMerged;
    private ExpositionFormat _format;
    private ExpositionMerger? _escaped;
    private int _nextFamily = NoPage;

    /// <summary>Creates a merger without sources.</summary>
    /// <param name="limits">The limits of each source.</param>
    public ExpositionMerger(ExpositionLimits limits)
        : this(limits, BlockClassifier.Best)
    {
    }

    /// <summary>Creates a merger that uses a given kernel. For tests and measurements.</summary>
    internal ExpositionMerger(ExpositionLimits limits, BlockKernel kernel)
    {
        ArgumentNullException.ThrowIfNull(limits);
        _limits = limits;
        _reader = new SourceReader(_index, limits, kernel);
    }

    /// <summary>
    /// Adds one source. The body is borrowed: it must stay unchanged until <see cref="Reset"/>. A body whose last line is <c># EOF</c> is read
    /// as OpenMetrics, any other as text 0.0.4.
    /// </summary>
    /// <param name="labels">The labels for every sample of the source.</param>
    /// <param name="body">The whole body as it was received, decoded from any content coding.</param>
    /// <returns>The result for this source. <see cref="Merge"/> adds the duplicates to it.</returns>
    public SourceSummary Add(TargetLabels labels, ReadOnlyMemory<byte> body) =>
        Add(labels, body, FormatOf(body.Span));

    /// <summary>Detects the format of a body: OpenMetrics if the last line is <c># EOF</c>, else text 0.0.4.</summary>
    public static ExpositionFormat FormatOf(ReadOnlySpan<byte> body) =>
        EndsWithEof(body) ? ExpositionFormat.OpenMetrics100 : ExpositionFormat.Text004;

    /// <summary>Adds one source with a known format. Otherwise as <see cref="Add(TargetLabels, ReadOnlyMemory{byte})"/>.</summary>
    /// <param name="labels">The labels for every sample of the source.</param>
    /// <param name="body">The whole body as it was received, decoded from any content coding.</param>
    /// <param name="format">The format that the source said it sends.</param>
    public SourceSummary Add(TargetLabels labels, ReadOnlyMemory<byte> body, ExpositionFormat format) =>
        Add(labels, body, format, isOver: null);

    /// <summary>
    /// Adds one source with a known format, within a time limit. Otherwise as <see cref="Add(TargetLabels, ReadOnlyMemory{byte})"/>.
    /// </summary>
    /// <param name="labels">The labels for every sample of the source.</param>
    /// <param name="body">The whole body as it was received, decoded from any content coding.</param>
    /// <param name="format">The format that the source said it sends.</param>
    /// <param name="isOver">Called about once in a thousand lines; true cancels the call. Null: no limit.</param>
    /// <exception cref="OperationCanceledException">
    /// <paramref name="isOver"/> returned true. The page contains nothing of this source, and other sources can still be added.
    /// </exception>
    public SourceSummary Add(TargetLabels labels, ReadOnlyMemory<byte> body, ExpositionFormat format, Func<bool>? isOver)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return Read(labels, body, format == ExpositionFormat.OpenMetrics100, isOwn: false, isOver);
    }

    /// <summary>
    /// Adds the caller's own families. Only they may have names with the reserved prefix. They get no target labels and have no limits. The
    /// body is borrowed: it must stay unchanged until <see cref="Reset"/>.
    /// </summary>
    /// <param name="body">Text 0.0.4, for example from an <see cref="ExpositionWriter"/>.</param>
    /// <returns>The result for this body.</returns>
    public SourceSummary AddOwn(ReadOnlyMemory<byte> body) =>
        Read(TargetLabels.None, body, isOpenMetrics: false, isOwn: true, isOver: null);

    /// <summary>
    /// Resolves conflicts between sources: types, help texts, suffixes, duplicate series. Further calls have no effect until the next source is
    /// added.
    /// </summary>
    public void Merge()
    {
        if (_isMerged)
            return;
        _isMerged = true;
        _order.Rank(_index);
        FamilyMembership.Resolve(_index.Names, _conflicts);
        _families.Fill(_index, _conflicts);
        for (var number = 0; number < _families.Families.Length; number++)
            _duplicates.Find(_index, _families.SpansOf(number), _order.AreDisjoint);
    }

    /// <summary>The bytes of the index of all samples, without the bodies. Names and help texts need a little more.</summary>
    public long IndexBytes => _index.Bytes + (_escaped?._index.Bytes ?? 0);

    /// <summary>The number of families with this conflict. Valid after <see cref="Merge"/>.</summary>
    public int Conflicts(MergeConflict conflict) => _conflicts[(int)conflict];

    /// <summary>Writes the whole page. Calls <see cref="Merge"/> first if needed.</summary>
    public void WriteTo(IBufferWriter<byte> output, ExpositionFormat format, NameEscaping escaping)
    {
        BeginPage(format, escaping);
        while (WritePart(output, int.MaxValue))
        {
        }
    }

    /// <summary>
    /// Begins to write the page in parts. Calls <see cref="Merge"/> first if needed. From here on all conflicts and dropped samples are
    /// counted.
    /// </summary>
    public void BeginPage(ExpositionFormat format, NameEscaping escaping)
    {
        Merge();
        _format = format;
        _nextFamily = 0;
        for (var number = 0; number < _index.SourceCount; number++)
            _index.Source(number).Summary.LoseByEscaping(0);
        _escaped = EscapedPage.IsNeeded(_index, escaping) ? Escape(escaping) : null;
        if (_escaped is not null)
            _escaped.BeginPage(format, NameEscaping.AllowUtf8);
        else if (format == ExpositionFormat.OpenMetrics100)
            _openMetrics.Begin(_index, _families);
    }

    /// <summary>Writes the next part of the page, which consists of whole families.</summary>
    /// <param name="output">The destination. The concatenated parts are the page.</param>
    /// <param name="bytes">A part ends with the family that reaches this number of bytes. At least 1.</param>
    /// <returns>Whether anything is left to be written.</returns>
    /// <exception cref="InvalidOperationException"><see cref="BeginPage"/> was not called since the last source was added.</exception>
    public bool WritePart(IBufferWriter<byte> output, int bytes)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        if (_nextFamily == NoPage)
            throw new InvalidOperationException("No page is being written: call BeginPage after the last source is added.");
        if (_escaped is not null)
            return _escaped.WritePart(output, bytes);
        var part = new PageOutput(output);
        var count = _families.Families.Length;
        while (_nextFamily < count && part.Length < bytes)
            WriteFamily(_nextFamily++, ref part);
        var isLeft = _nextFamily < count;
        if (!isLeft)
            WriteEnd(ref part);
        part.Flush();
        return isLeft;
    }

    /// <summary>Removes all sources and releases the borrowed bodies.</summary>
    public void Reset()
    {
        _isMerged = false;
        _nextFamily = NoPage;
        _escaped = null;
        _index.Clear();
        _duplicates.Trim();
        Array.Clear(_conflicts);
    }

    private SourceSummary Read(TargetLabels labels, ReadOnlyMemory<byte> body, bool isOpenMetrics, bool isOwn, Func<bool>? isOver)
    {
        _isMerged = false;
        _nextFamily = NoPage;
        var source = _index.BeginSource(labels, body, isOwn);
        var summary = source.Summary;
        var isKept = false;
        try
        {
            if (!_reader.TryRead(source, isOpenMetrics, isOver))
                return SourceSummary.TooLarge;
            isKept = !summary.IsUnreadable;
            return summary;
        }
        finally
        {
            if (!isKept)
                _index.RemoveSource();
        }
    }

    private void WriteFamily(int number, ref PageOutput output)
    {
        if (_format == ExpositionFormat.OpenMetrics100)
            _openMetrics.WriteFamily(_index, _families, number, ref output);
        else
            TextPageWriter.WriteFamily(_index, _families, number, ref output);
    }

    private void WriteEnd(ref PageOutput output)
    {
        if (_format == ExpositionFormat.OpenMetrics100)
            _openMetrics.WriteEnd(_index, _families, ref output);
        _nextFamily = NoPage;
    }

    // Rare: most pages have classic names only, and most clients accept all UTF-8 names.
    private ExpositionMerger Escape(NameEscaping escaping)
    {
        var page = new EscapedPage(escaping);
        page.Fill(_index, _families);
        var noLimits = _limits with { MaxSamples = int.MaxValue, MaxLabels = int.MaxValue, MaxLabelValueBytes = int.MaxValue };
        var merger = new ExpositionMerger(noLimits);
        for (var number = 0; number < _index.SourceCount; number++)
        {
            var source = _index.Source(number);
            var escaped = merger._index.BeginSource(page.Escape(source.Labels), page.Texts[number].WrittenMemory, source.IsOwn);
            escaped.AllowsReservedNames = true;
            merger._reader.TryRead(escaped, isOpenMetrics: false, isOver: null);
        }

        merger.Merge();
        var dropped = 0;
        for (var number = 0; number < _index.SourceCount; number++)
        {
            var lost = merger._index.Source(number).Summary.DroppedSamples;
            _index.Source(number).Summary.LoseByEscaping(lost);
            dropped += lost;
        }

        _conflicts[(int)MergeConflict.Escaping] = dropped + merger.Conflicts(MergeConflict.Type) + merger.Conflicts(MergeConflict.Suffix);
        return merger;
    }

    private static bool EndsWithEof(ReadOnlySpan<byte> body)
    {
        body = body.TrimEnd(" \t\r\n"u8);
        return body.EndsWith("# EOF"u8) && (body.Length == 5 || body[^6] == '\n');
    }
}
