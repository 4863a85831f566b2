using System.Buffers;

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

    /// <summary>The first difference as text, or null.</summary>
    public static string? Difference(IReadOnlyList<Source> bodies, ExpositionLimits? limits = null)
    {
        limits ??= new ExpositionLimits();
        var merger = new ExpositionMerger(limits);
        var summaries = bodies.Select(body => merger.Add(new TargetLabels([.. Labels(body)]), body.Body)).ToArray();
        var output = new ArrayBufferWriter<byte>();
        merger.WriteTo(output, ExpositionFormat.Text004, NameEscaping.AllowUtf8);
        var sources = bodies.Select(body => OracleReader.Read(
            body.Body, [.. Labels(body).Select(label => new OracleLabel(label.Key, ByteText.FromUnicode(label.Value)))], limits, isOwn: false)).ToArray();
        var page = new OraclePage(sources);
        for (var i = 0; i < sources.Length; i++)
        {
            if (Difference(sources[i], summaries[i]) is { } difference)
                return $"source {i}: {difference}";
        }

        var expected = page.ToBytes();
        return output.WrittenSpan.SequenceEqual(expected) ? null : $"page:\n{ByteText.ToUnicode(ByteText.From(output.WrittenSpan))}\nexpected:\n{ByteText.ToUnicode(ByteText.From(expected))}";
    }

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
