using ModelRunner.Exposition.Merging;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Writing;

/// <summary>
/// The rules of OpenMetrics 1.0 for exemplars: at most 128 code points in all names and values together, and names without quotes.
/// prometheus_client ends the labels at the first closing brace, even inside a value, and then refuses the page. Prometheus refuses NUL in an
/// exemplar, although not in a sample. The value of a bucket's exemplar must be within the bucket.
/// </summary>
internal static class ExemplarRules
{
    private const int MaxCodePoints = 128;

    /// <summary>Checks canonical bytes: <c> # {a="b"} 1 2</c>.</summary>
    /// <param name="exemplar">The bytes.</param>
    /// <param name="bound">The bound of the bucket; positive infinity for a counter.</param>
    public static bool AreKept(ReadOnlySpan<byte> exemplar, double bound)
    {
        var points = 0;
        var labels = new CanonicalLabels(exemplar[" # ".Length..]);
        while (labels.MoveNext())
        {
            if (labels.Current[0] == '"' || labels.Current.ContainsAny((byte)'}', (byte)0))
                return false;
            // Equals sign and quote are not counted, and an escape counts as the character that it represents.
            points -= 2;
            var isEscaped = false;
            foreach (var value in labels.Current)
            {
                var isEscape = value == '\\' && !isEscaped;
                isEscaped = isEscape;
                if (!isEscape && (value & 0xC0) != 0x80)
                    points++;
            }
        }

        return points <= MaxCodePoints && (double.IsPositiveInfinity(bound) || ValueOf(exemplar) <= bound);
    }

    // At this point no label value contains a brace.
    private static double ValueOf(ReadOnlySpan<byte> exemplar)
    {
        var value = exemplar[(exemplar.IndexOf((byte)'}') + 2)..];
        var end = value.IndexOf((byte)' ');
        return Numbers.Parse(end < 0 ? value : value[..end]);
    }
}
