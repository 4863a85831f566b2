using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text;

namespace ModelRunner.Exposition.Tests;

/// <summary>The example of the README is compiled and run here, and the README must show exactly this code and this page.</summary>
public sealed class ReadmeTests
{
    [Fact]
    public void The_example_does_what_the_README_says()
    {
        #region Example
        // Two servers responded; one of them sent an invalid line.
        var first = "# HELP jobs_total Jobs done.\n# TYPE jobs_total counter\njobs_total{kind=\"a\"} 5\n"u8.ToArray();
        var second = "# TYPE jobs_total counter\njobs_total{kind=\"a\"} 7\njobs_total{kind=b} 1\n"u8.ToArray();

        var merger = new ExpositionMerger(new ExpositionLimits());
        merger.Add(new TargetLabels([new("server", "one")]), first);
        var summary = merger.Add(new TargetLabels([new("server", "two")]), second);

        var answer = ContentNegotiation.Negotiate("text/plain;version=0.0.4");
        var page = new ArrayBufferWriter<byte>();
        merger.WriteTo(page, answer.Format, answer.Escaping);
        merger.Reset();
        #endregion

        Assert.Equal(Block("text"), Encoding.UTF8.GetString(page.WrittenSpan));
        Assert.Equal(1, summary.Dropped(ExpositionErrorReason.InvalidLabels));
    }

    [Fact]
    public void The_README_shows_the_example_as_it_is_compiled()
    {
        var source = File.ReadAllText(ThisFile());
        var start = source.IndexOf("#region Example\n", StringComparison.Ordinal) + "#region Example\n".Length;
        var example = source[start..source.IndexOf("        #endregion", start, StringComparison.Ordinal)];

        Assert.Equal(example.Replace("\n        ", "\n", StringComparison.Ordinal).TrimStart(), Block("csharp"));
    }

    private static string Block(string language)
    {
        var readme = File.ReadAllText(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../src/ModelRunner.Exposition/README.md"));
        var start = readme.IndexOf($"```{language}\n", StringComparison.Ordinal) + language.Length + 4;
        return readme[start..readme.IndexOf("```", start, StringComparison.Ordinal)];
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;
}
