using System.Buffers;
using System.Text;
using CsCheck;
using ModelRunner.Exposition.Tests.Support;

namespace ModelRunner.Exposition.Tests.Properties;

/// <summary>Numbers and names survive the way to the page and back.</summary>
public sealed class ValueProperties
{
    private static readonly Gen<double> AnyDouble = Gen.Frequency(
        (4, Gen.ULong.Select(BitConverter.UInt64BitsToDouble)), (1, Gen.Double), (1, Gen.Long.Select(value => (double)value)), (1, Gen.Int.Select(value => value / 100.0)));

    private static readonly Gen<string> AnyText = Gen.Frequency(
        (3, Gen.String), (2, Gen.Char.Array[0, 12].Select(characters => new string(characters))),
        (2, PageGen.OneOf("\"", "\\", "\n", "\r", "} 1", "fake_total 99", "{", "# EOF", "\uD800", "\uFEFF", "\u2028", "\0", "é", "😀").Array[0, 6].Select(string.Concat)));

    [Fact]
    public void A_double_that_is_written_reads_back_bit_for_bit() => AnyDouble.Sample(
        value =>
        {
            var output = new ArrayBufferWriter<byte>();
            var writer = new ExpositionWriter(output);
            writer.BeginFamily("x", MetricType.Gauge, "");
            writer.WriteSample(value);
            var once = Assert.Single(ReadOutcome.Of(output.WrittenSpan, ExpositionStrictness.Strict).Samples);
            var merged = Assert.Single(ReadOutcome.Of(new MergedPages().AddPlain(output.WrittenSpan.ToArray()).Text, ExpositionStrictness.Strict).Samples);
            return IsSame(value, once.Value) && IsSame(value, merged.Value);
        },
        iter: 20_000);

    [Fact]
    public void A_double_in_any_of_its_texts_keeps_its_bits_through_the_merger() => Gen.Select(AnyDouble, PageGen.OneOf("R", "E16", "G17", "F20")).Sample(
        (value, format) =>
        {
            var text = value.ToString(format, System.Globalization.CultureInfo.InvariantCulture);
            if (!double.IsFinite(value) || text.Length > 400)
                return true;
            var expected = double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
            var sample = Assert.Single(ReadOutcome.Of(new MergedPages().Add($"x {text}\n").Text, ExpositionStrictness.Strict).Samples);
            return IsSame(expected, sample.Value);
        },
        iter: 20_000);

    [Fact]
    public void No_name_of_a_model_can_break_or_forge_a_line() => AnyText.Sample(
        name =>
        {
            var page = new MergedPages().Add("x 1\n", model: name);
            var expected = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(name));
            foreach (var format in Enum.GetValues<ExpositionFormat>())
            {
                var bytes = page.Write(format, NameEscaping.Underscores);
                Assert.Equal(format == ExpositionFormat.Text004 ? 2 : 3, bytes.Count(value => value == '\n'));
                var sample = Assert.Single(ReadOutcome.Of(bytes, ExpositionStrictness.Strict, format).Samples);
                Assert.Equal("x", sample.Name);
                Assert.Equal(expected, sample.Labels.FirstOrDefault(label => label.Key == "model").Value ?? "");
                Assert.Equal(expected.Length == 0 ? 2 : 3, sample.Labels.Count);
            }
        },
        iter: 20_000);

    [Fact]
    public void No_text_of_our_own_writer_can_break_or_forge_a_line() => Gen.Select(AnyText, AnyText).Sample(
        (help, value) =>
        {
            var output = new ArrayBufferWriter<byte>();
            var writer = new ExpositionWriter(output);
            writer.BeginFamily("x", MetricType.Gauge, help);
            writer.WriteSample(1, new KeyValuePair<string, string>("k", value));
            Assert.Equal(3, output.WrittenSpan.Count((byte)'\n'));
            var sample = Assert.Single(ReadOutcome.Of(output.WrittenSpan, ExpositionStrictness.Strict).Samples);
            Assert.Equal(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(value)), sample.Labels is [var label] ? label.Value : "");
        },
        iter: 10_000);

    private static bool IsSame(double expected, double actual) =>
        double.IsNaN(expected) ? double.IsNaN(actual) : BitConverter.DoubleToInt64Bits(expected) == BitConverter.DoubleToInt64Bits(actual);
}
