using System.Buffers;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>The rules for each text page of the daemon.</summary>
internal static class PageRules
{
    /// <summary>
    /// A strict parser finds no error, no timestamp and no comment; each line ends in one line feed; and merging the page again gives the
    /// same page. So the samples of a family are together, with one HELP and one TYPE before them, and no series occurs twice.
    /// </summary>
    public static void Check(byte[] page)
    {
        Assert.Equal((byte)'\n', page[^1]);
        Assert.False(page.Contains((byte)'\r'), "There is a carriage return on the page.");
        var reader = new ExpositionReader(page, ExpositionFormat.Text004, ExpositionStrictness.Strict);
        int lines = 0;
        while (reader.Read())
        {
            lines++;
            Assert.True(
                reader.Kind is ExpositionEntryKind.Help or ExpositionEntryKind.Type or ExpositionEntryKind.Sample,
                $"Line {reader.LineNumber} is {reader.Kind} {reader.Error}.");
            Assert.True(reader.Kind != ExpositionEntryKind.Sample || reader.TimestampText.IsEmpty, $"Line {reader.LineNumber} has a timestamp.");
        }

        Assert.Equal(page.Count(static value => value == '\n'), lines);
        var merger = new ExpositionMerger(new ExpositionLimits());
        SourceSummary summary = merger.AddOwn(page);
        var again = new ArrayBufferWriter<byte>();
        merger.WriteTo(again, ExpositionFormat.Text004, NameEscaping.Underscores);
        Assert.Equal(0, summary.DroppedSamples + summary.DroppedMetadata);
        Assert.True(again.WrittenSpan.SequenceEqual(page), "The page is another one when it is merged again.");
    }
}
