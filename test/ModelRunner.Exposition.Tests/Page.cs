using System.Buffers;
using System.Text;

namespace ModelRunner.Exposition.Tests;

/// <summary>Builds a page from bodies written as text, for tests that say what goes in and what comes out.</summary>
internal sealed class Page
{
    private readonly ExpositionMerger _merger;

    public Page(ExpositionLimits? limits = null) =>
        _merger = new ExpositionMerger((limits ?? new ExpositionLimits()) with { ReservedPrefix = limits?.ReservedPrefix is { Length: > 0 } prefix ? prefix : "model_runner_" });

    public List<SourceSummary> Sources { get; } = [];

    /// <summary>Adds a source whose only target label is <c>model</c>.</summary>
    public Page Add(string model, string body) => Add([new("model", model)], Encoding.UTF8.GetBytes(body));

    public Page Add(KeyValuePair<string, string>[] labels, byte[] body)
    {
        Sources.Add(_merger.Add(new TargetLabels(labels), body));
        return this;
    }

    public Page AddOwn(string body)
    {
        _merger.AddOwn(Encoding.UTF8.GetBytes(body));
        return this;
    }

    public string Write(ExpositionFormat format = ExpositionFormat.Text004, NameEscaping escaping = NameEscaping.Underscores)
    {
        var output = new ArrayBufferWriter<byte>();
        _merger.WriteTo(output, format, escaping);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public int Conflicts(MergeConflict conflict)
    {
        _merger.Merge();
        return _merger.Conflicts(conflict);
    }

    /// <summary>The page of one source with no labels added: what reading and writing make of a body.</summary>
    public static string Rewrite(string body) => new Page().Add([], Encoding.UTF8.GetBytes(body)).Write();

    /// <summary>The sample lines of <see cref="Rewrite"/>.</summary>
    public static string Samples(string body) => WithoutComments(Rewrite(body));

    public static string WithoutComments(string page) =>
        string.Concat(page.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line + "\n"));
}
