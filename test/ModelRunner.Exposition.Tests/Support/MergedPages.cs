using System.Buffers;
using System.Text;

namespace ModelRunner.Exposition.Tests.Support;

/// <summary>Merges bodies as the daemon does, with the labels backend, model and mode on each, and writes the page in every form.</summary>
internal sealed class MergedPages
{
    private readonly ExpositionMerger _merger;

    public MergedPages(ExpositionLimits? limits = null) =>
        _merger = new ExpositionMerger((limits ?? new ExpositionLimits()) with { ReservedPrefix = "model_runner_" });

    /// <summary>What became of each source, in the order in which they were added.</summary>
    public List<SourceSummary> Summaries { get; } = [];

    /// <summary>The page in text 0.0.4 with classic names.</summary>
    public byte[] Text => Write(ExpositionFormat.Text004, NameEscaping.Underscores);

    /// <summary>The page in text with names as they are.</summary>
    public byte[] Utf8Text => Write(ExpositionFormat.Text004, NameEscaping.AllowUtf8);

    /// <summary>The page in OpenMetrics with classic names.</summary>
    public byte[] OpenMetrics => Write(ExpositionFormat.OpenMetrics100, NameEscaping.Underscores);

    /// <summary>The page in text, decoded.</summary>
    public string TextString => Encoding.UTF8.GetString(Text);

    public MergedPages Add(string body, string model = "lab/otter:7b", string mode = "completion", string backend = "llama.cpp") =>
        Add(Encoding.UTF8.GetBytes(body), model, mode, backend);

    public MergedPages Add(byte[] body, string model = "lab/otter:7b", string mode = "completion", string backend = "llama.cpp") =>
        Add(body, new TargetLabels(new("backend", backend), new("model", model), new("mode", mode)));

    public MergedPages Add(byte[] body, TargetLabels labels)
    {
        Summaries.Add(_merger.Add(labels, body));
        return this;
    }

    /// <summary>Adds a body that may be refused.</summary>
    /// <returns>What became of it; null where it was cancelled.</returns>
    public SourceSummary? TryAdd(byte[] body, string model, Func<bool>? isOver = null)
    {
        try
        {
            return _merger.Add(new TargetLabels(new("backend", "llama.cpp"), new("model", model), new("mode", "completion")), body, ExpositionFormat.Text004, isOver);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>Adds a body with no labels at all, as a page that was merged before.</summary>
    public MergedPages AddPlain(byte[] body) => Add(body, new TargetLabels([]));

    public MergedPages AddOwn(string body)
    {
        _merger.AddOwn(Encoding.UTF8.GetBytes(body));
        return this;
    }

    public int Conflicts(MergeConflict conflict)
    {
        _merger.Merge();
        return _merger.Conflicts(conflict);
    }

    public byte[] Write(ExpositionFormat format, NameEscaping escaping)
    {
        var output = new ArrayBufferWriter<byte>();
        _merger.WriteTo(output, format, escaping);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>Writes the page in parts of at least so many bytes, and puts them together.</summary>
    public byte[] WriteInParts(ExpositionFormat format, NameEscaping escaping, int bytes)
    {
        var whole = new ArrayBufferWriter<byte>();
        var part = new ArrayBufferWriter<byte>();
        _merger.BeginPage(format, escaping);
        bool isLeft;
        do
        {
            part.ResetWrittenCount();
            isLeft = _merger.WritePart(part, bytes);
            whole.Write(part.WrittenSpan);
        }
        while (isLeft);
        return whole.WrittenSpan.ToArray();
    }
}
