using System.Globalization;
using System.Text;

namespace ModelRunner.Exposition.Tests;

public sealed class ExpositionReaderTests
{
    [Fact]
    public void Entries_come_in_order_with_their_parts()
    {
        const string Body = "# HELP x He\\nlp.\n# TYPE x counter\n# UNIT x s\n# other\n\nx_total{a=\"\\\"\",\"b.c\"=\"d"
            + "\"} 1.5 2.5 # {t=\"u\"} 3 4\n# EOF\n";

        Assert.Equal(
            "Help x=He\nlp.|Type x=Counter|Unit x=s|Comment|Sample x_total{a=\"}{b.c=d}=1.5@2.5#{t=u}=3@4|Eof",
            Read(Body, ExpositionFormat.OpenMetrics100, ExpositionStrictness.Strict));
    }

    [Fact]
    public void In_text_the_words_of_OpenMetrics_are_comments() =>
        Assert.Equal("Comment|Comment|Sample x=1", Read("# UNIT x s\n# EOF\nx 1\n", ExpositionFormat.Text004, ExpositionStrictness.Strict));

    [Fact]
    public void A_lenient_reading_goes_on_behind_an_error() =>
        Assert.Equal("Sample x=1|Error InvalidValue at 2|Sample z=NaN", Read("x 1\ny\nz -nan"
            + "\n", ExpositionFormat.Text004, ExpositionStrictness.Lenient));

    [Theory]
    [InlineData("x 1\ny\nz 1\n", "Sample x=1|Error InvalidValue at 2")]
    [InlineData("x -nan\n", "Error InvalidValue at 1")]
    [InlineData("x{a=\"b\" c=\"d\"} 1\n", "Error InvalidLabels at 1")]
    [InlineData("x 1 # {} 1\n", "Error InvalidExemplar at 1")]
    [InlineData("# TYPE x info\n", "Error InvalidMetadata at 1")]
    [InlineData("# TYPE x unknown\n", "Error InvalidMetadata at 1")]
    [InlineData("\uFEFFx 1\n", "Error InvalidName at 1")]
    public void A_strict_reading_ends_at_the_first_error(string body, string expected) =>
        Assert.Equal(expected, Read(body, ExpositionFormat.Text004, ExpositionStrictness.Strict));

    [Theory]
    [InlineData("x 1\n", "Sample x=1|Error InvalidMetadata at 1")]
    [InlineData("# EOF\nx 1\n", "Eof|Error AfterEof at 2")]
    [InlineData("# EOF x\ny 1\n# EOF\n", "Comment|Sample y=1|Eof")]
    [InlineData("x 1 # {a=\"b\",a=\"c\"} 1\n# EOF\n", "Error InvalidExemplar at 1")]
    public void An_OpenMetrics_body_ends_in_its_end_mark(string body, string expected) =>
        Assert.Equal(expected, Read(body, ExpositionFormat.OpenMetrics100, ExpositionStrictness.Strict));

    [Fact]
    public void Limits_of_labels_are_errors() =>
        Assert.Equal(
            "Error TooManyLabels at 1",
            Read("x{a=\"1\",b=\"2\"} 1\n", ExpositionFormat.Text004, ExpositionStrictness.Lenient, new ExpositionLimits { MaxLabels = 1 }));

    private static string Read(string body, ExpositionFormat format, ExpositionStrictness strictness, ExpositionLimits? limits = null)
    {
        var reader = new ExpositionReader(Encoding.UTF8.GetBytes(body), format, strictness, limits);
        var entries = new List<string>();
        while (reader.Read())
        {
            entries.Add(reader.Kind switch
            {
                ExpositionEntryKind.Sample => "Sample " + Sample(ref reader),
                ExpositionEntryKind.Type => $"Type {Text(reader.Name)}={reader.Type}",
                ExpositionEntryKind.Help or ExpositionEntryKind.Unit => $"{reader.Kind} {Text(reader.Name)}={Text(reader.Text)}",
                ExpositionEntryKind.Error => $"Error {reader.Error} at {reader.LineNumber}",
                _ => reader.Kind.ToString(),
            });
        }

        Assert.Equal(ExpositionEntryKind.None, reader.Kind);
        return string.Join('|', entries);
    }

    private static string Sample(ref ExpositionReader reader)
    {
        var text = new StringBuilder(Text(reader.Name));
        for (var i = 0; i < reader.LabelCount; i++)
            text.Append(CultureInfo.InvariantCulture, $"{{{Text(reader.LabelName(i))}={Text(reader.LabelValue(i))}}}");
        text.Append(CultureInfo.InvariantCulture, $"={reader.Value}");
        if (!reader.TimestampText.IsEmpty)
            text.Append('@').Append(Text(reader.TimestampText));
        if (!reader.HasExemplar)
            return text.ToString();
        text.Append('#');
        for (var i = 0; i < reader.ExemplarLabelCount; i++)
            text.Append(CultureInfo.InvariantCulture, $"{{{Text(reader.ExemplarLabelName(i))}={Text(reader.ExemplarLabelValue(i))}}}");
        text.Append(CultureInfo.InvariantCulture, $"={reader.ExemplarValue}");
        if (!reader.ExemplarTimestampText.IsEmpty)
            text.Append('@').Append(Text(reader.ExemplarTimestampText));
        return text.ToString();
    }

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
