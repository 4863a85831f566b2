using System.Buffers;
using ModelRunner.Exposition.Reading.Kernels;

namespace ModelRunner.Exposition.Tests.Oracle;

/// <summary>Merges the same bodies with the product and with the oracle, and says where they differ.</summary>
internal static class Differential
{
    /// <summary>One source: its body and the value of its label <c>model</c>; null for a source without target labels.</summary>
    public sealed record Source(byte[] Body, string? Model);

    /// <summary>Does nothing where the two agree.</summary>
    /// <exception cref="InvalidOperationException">They differ. The message shows how, and the bodies.</exception>
    public static void Check(IReadOnlyList<Source> bodies, ExpositionLimits? limits = null)
    {
        if (Difference(bodies, limits) is { } difference)
            throw new InvalidOperationException(difference + string.Concat(bodies.Select(body => $"\nbody of {body.Model}:\n{ByteText.ToUnicode(ByteText.From(body.Body))}")));
    }

    /// <summary>The first difference as text, or null. Every kernel of this machine reads the bodies, each at another alignment.</summary>
    public static string? Difference(IReadOnlyList<Source> bodies, ExpositionLimits? limits = null)
    {
        limits = (limits ?? new ExpositionLimits()) with { ReservedPrefix = "model_runner_" };
        var sources = bodies.Select(body => OracleReader.Read(
            body.Body, [.. Labels(body).Select(label => new OracleLabel(label.Key, ByteText.FromUnicode(label.Value)))], limits, isOwn: false)).ToArray();
        var expected = new OraclePage(sources).ToBytes();
        return BlockClassifier.Supported.Select(kernel => Difference(kernel, bodies, sources, expected, limits)).FirstOrDefault(difference => difference is not null);
    }

    private static string? Difference(
        BlockKernel kernel, IReadOnlyList<Source> bodies, OracleSource[] sources, byte[] expected, ExpositionLimits limits)
    {
        var merger = new ExpositionMerger(limits, kernel);
        var summaries = bodies.Select((body, index) => merger.Add(new TargetLabels([.. Labels(body)]), Shifted(body.Body, ((int)kernel * 17) + index))).ToArray();
        var output = new ArrayBufferWriter<byte>();
        merger.WriteTo(output, ExpositionFormat.Text004, NameEscaping.AllowUtf8);
        for (var i = 0; i < summaries.Length; i++)
        {
            if (Difference(sources[i], summaries[i]) is { } difference)
                return $"{kernel}, source {i}: {difference}";
        }

        return output.WrittenSpan.SequenceEqual(expected) ? null : $"{kernel}, page:\n{Show(output.WrittenSpan)}\nexpected:\n{Show(expected)}";
    }

    private static ReadOnlyMemory<byte> Shifted(byte[] body, int offset)
    {
        var buffer = new byte[offset + body.Length];
        body.CopyTo(buffer, offset);
        return buffer.AsMemory(offset);
    }

    private static string Show(ReadOnlySpan<byte> page) => ByteText.ToUnicode(ByteText.From(page));

    private static KeyValuePair<string, string>[] Labels(Source source) => source.Model is null ? [] : [new("model", source.Model), new("mode", "m")];

    private static string? Difference(OracleSource source, SourceSummary summary)
    {
        foreach (var reason in ExpositionErrorReasons.All)
        {
            var expected = source.Dropped.GetValueOrDefault(reason);
            if (summary.Dropped(reason) != expected)
                return $"{reason} {summary.Dropped(reason)}, expected {expected}";
        }

        if (summary.SampleLines != source.SampleLines)
            return $"{summary.SampleLines} sample lines, expected {source.SampleLines}";
        return summary.SampleLines == summary.Samples + summary.DroppedSamples ? null : $"{summary.SampleLines} in, {summary.Samples} out, {summary.DroppedSamples} dropped";
    }
}
