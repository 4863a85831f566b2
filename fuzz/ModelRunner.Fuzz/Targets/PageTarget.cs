using System.Buffers;
using ModelRunner.Exposition;
using ModelRunner.Exposition.Tests.OpenMetricsValidation;
using ModelRunner.Exposition.Tests.TextValidation;

namespace ModelRunner.Fuzz.Targets;

/// <summary>A merged page is valid in every form, holds what is counted, and merges to itself.</summary>
internal static class PageTarget
{
    private static readonly ExpositionLimits NoLimits = new() { MaxLabels = int.MaxValue, MaxLabelValueBytes = int.MaxValue, MaxSamples = int.MaxValue };

    public static void IsValidAndStable(byte[] input)
    {
        var merger = new ExpositionMerger(new ExpositionLimits { ReservedPrefix = "model_runner_" });
        var summaries = SourceSplitter.Split(input).Select(source => merger.Add(new TargetLabels(new KeyValuePair<string, string>("model", source.Model!)), source.Body)).ToArray();
        var text = Write(merger, ExpositionFormat.Text004, NameEscaping.AllowUtf8);
        var counted = summaries.Sum(summary => summary.Samples);
        Require(summaries.All(summary => summary.SampleLines == summary.Samples + summary.DroppedSamples), "lines do not add up");
        var samples = PageSamples.Of(OtherReaders.Check(TextPageValidator.Read(text)));
        Require(samples.Count == counted, "a sample is lost in text");
        var openMetrics = Write(merger, ExpositionFormat.OpenMetrics100, NameEscaping.AllowUtf8);
        Require(samples.SequenceEqual(PageSamples.Of(OtherReaders.Check(OpenMetricsValidator.Read(openMetrics)))), "text and OpenMetrics differ");
        TextPageValidator.Read(Write(merger, ExpositionFormat.Text004, NameEscaping.Underscores));
        OpenMetricsValidator.Read(Write(merger, ExpositionFormat.OpenMetrics100, NameEscaping.Values));
        RequireStable(text, ExpositionFormat.Text004);
        RequireStable(openMetrics, ExpositionFormat.OpenMetrics100);
    }

    private static void RequireStable(byte[] page, ExpositionFormat format)
    {
        var again = new ExpositionMerger(NoLimits);
        again.Add(new TargetLabels([]), page);
        Require(Write(again, format, NameEscaping.AllowUtf8).AsSpan().SequenceEqual(page), $"the page does not merge to itself in {format}");
    }

    private static byte[] Write(ExpositionMerger merger, ExpositionFormat format, NameEscaping escaping)
    {
        var output = new ArrayBufferWriter<byte>();
        merger.WriteTo(output, format, escaping);
        return output.WrittenSpan.ToArray();
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
            throw new FuzzException(problem);
    }
}
