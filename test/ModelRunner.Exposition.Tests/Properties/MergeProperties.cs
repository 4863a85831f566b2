using CsCheck;
using ModelRunner.Exposition.Tests.OpenMetricsValidation;
using ModelRunner.Exposition.Tests.Support;
using ModelRunner.Exposition.Tests.TextValidation;

namespace ModelRunner.Exposition.Tests.Properties;

/// <summary>What holds for every page that is merged from anything.</summary>
public sealed class MergeProperties
{
    private static readonly Gen<byte[][]> Bodies = PageGen.Bytes.Array[1, 4];

    private static readonly string[] Models = ["one", "two", "three", "four"];

    [Fact]
    public void A_page_is_valid_in_every_form_and_no_sample_is_lost() => Bodies.Sample(
        bodies =>
        {
            var page = Merge(bodies, Enumerable.Range(0, bodies.Length));
            var samples = page.Text is var text ? TextPageValidator.Read(text).Sum(family => family.Samples.Count) : 0;
            var summaries = page.Summaries;
            Require(summaries.Sum(summary => summary.SampleLines) == summaries.Sum(summary => summary.Samples + summary.DroppedSamples), "lines do not add up");
            Require(summaries.Sum(summary => summary.Samples) == samples, "a sample is lost in text");
            foreach (var escaping in Enum.GetValues<NameEscaping>())
            {
                OtherReaders.Check(TextPageValidator.Read(page.Write(ExpositionFormat.Text004, escaping)));
                OtherReaders.Check(OpenMetricsValidator.Read(page.Write(ExpositionFormat.OpenMetrics100, escaping)));
            }
        },
        iter: 2_000);

    [Fact]
    public void In_UTF8_both_formats_hold_the_same_samples_and_as_many_as_are_counted() => Bodies.Sample(
        bodies =>
        {
            var page = Merge(bodies, Enumerable.Range(0, bodies.Length));
            var text = PageSamples.Of(TextPageValidator.Read(page.Utf8Text));
            var openMetrics = PageSamples.Of(OpenMetricsValidator.Read(page.Write(ExpositionFormat.OpenMetrics100, NameEscaping.AllowUtf8)));
            var counted = page.Summaries.Sum(summary => summary.Samples);
            Require(text.Count == counted, $"{text.Count} in text, {counted} counted");
            Require(text.SequenceEqual(openMetrics), "text and OpenMetrics differ");
        },
        iter: 2_000);

    [Fact]
    public void The_order_in_which_runners_answer_changes_no_byte() => Gen.Select(Bodies, Gen.Shuffle(new[] { 0, 1, 2, 3 })).Sample(
        (bodies, shuffled) =>
        {
            var order = shuffled.Where(index => index < bodies.Length).ToArray();
            var straight = Merge(bodies, Enumerable.Range(0, bodies.Length));
            var other = Merge(bodies, order);
            Require(straight.Utf8Text.AsSpan().SequenceEqual(other.Utf8Text), "text differs");
            Require(straight.OpenMetrics.AsSpan().SequenceEqual(other.OpenMetrics), "OpenMetrics differs");
        },
        iter: 2_500);

    [Fact]
    public void A_merged_page_merged_again_is_itself() => Bodies.Sample(
        bodies =>
        {
            var once = Merge(bodies, Enumerable.Range(0, bodies.Length)).Utf8Text;
            var twice = new MergedPages(new ExpositionLimits { MaxLabelValueBytes = int.MaxValue, MaxLabels = int.MaxValue }).AddPlain(once);
            Require(twice.Utf8Text.AsSpan().SequenceEqual(once), "it differs");
        },
        iter: 2_500);

    [Fact]
    public void An_OpenMetrics_page_merged_again_is_itself() => Bodies.Sample(
        bodies =>
        {
            var once = Merge(bodies, Enumerable.Range(0, bodies.Length)).Write(ExpositionFormat.OpenMetrics100, NameEscaping.AllowUtf8);
            var twice = new MergedPages(new ExpositionLimits { MaxLabelValueBytes = int.MaxValue, MaxLabels = int.MaxValue }).AddPlain(once)
                .Write(ExpositionFormat.OpenMetrics100, NameEscaping.AllowUtf8);
            Require(twice.AsSpan().SequenceEqual(once), "it differs");
        },
        iter: 2_500);

    [Fact]
    public void A_page_written_twice_has_the_same_bytes() => Bodies.Sample(
        bodies =>
        {
            var page = Merge(bodies, Enumerable.Range(0, bodies.Length));
            var first = page.OpenMetrics;
            _ = page.Text;
            Require(page.OpenMetrics.AsSpan().SequenceEqual(first), "it differs");
        },
        iter: 1_000);

    [Fact]
    public void A_page_in_parts_is_the_page() => Gen.Select(Bodies, Gen.Int[1, 400]).Sample(
        (bodies, bytes) =>
        {
            var page = Merge(bodies, Enumerable.Range(0, bodies.Length));
            foreach (var format in Enum.GetValues<ExpositionFormat>())
            {
                foreach (var escaping in Enum.GetValues<NameEscaping>())
                    Require(page.WriteInParts(format, escaping, bytes).AsSpan().SequenceEqual(page.Write(format, escaping)), $"{format} differs");
            }
        },
        iter: 1_000);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_source_that_was_taken_out_leaves_no_trace(bool isCancelled) => Gen.Select(Bodies, PageGen.Bytes, Gen.Int[0, 4]).Sample(
        (bodies, refused, place) =>
        {
            var limits = new ExpositionLimits { MaxSamples = 100 };
            var tail = string.Concat(Enumerable.Range(0, 101).Select(i => $"\nz_tail{{i=\"{i}\"}} 1"));
            byte[] large = [.. refused, .. System.Text.Encoding.ASCII.GetBytes(tail + "\n")];
            var (with, without) = (new MergedPages(limits), new MergedPages(limits));
            for (var index = 0; index < bodies.Length; index++)
            {
                if (index == place && !isCancelled)
                    Require(with.TryAdd(large, "refused")!.IsTooLarge, "it was taken");
                else if (index == place)
                    Require(with.TryAdd(large, "refused", static () => true) is null, "it was taken");
                with.Add(bodies[index], Models[index]);
                without.Add(bodies[index], Models[index]);
            }

            foreach (var format in Enum.GetValues<ExpositionFormat>())
                Require(with.Write(format, NameEscaping.AllowUtf8).AsSpan().SequenceEqual(without.Write(format, NameEscaping.AllowUtf8)), $"{format} differs");
            Require(MergeConflicts.All.All(conflict => with.Conflicts(conflict) == without.Conflicts(conflict)), "conflicts differ");
        },
        iter: 2_000);

    private static MergedPages Merge(byte[][] bodies, IEnumerable<int> order)
    {
        var page = new MergedPages();
        foreach (var index in order)
            page.Add(bodies[index], Models[index]);
        return page;
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
            throw new InvalidPageException(problem);
    }
}
