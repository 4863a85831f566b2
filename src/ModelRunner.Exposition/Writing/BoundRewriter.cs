using ModelRunner.Exposition.Merging;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition.Writing;

/// <summary>Rewrites a canonical sample with the bound of a bucket or quantile in the form of OpenMetrics.</summary>
internal static class BoundRewriter
{
    /// <summary>Returns the sample in a scratch buffer. Borrowed: valid until the buffer is used again. The name does not change.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="nameLength">The length of its name.</param>
    /// <param name="bound">The label with the bound, which must be a number. All other labels stay unchanged.</param>
    /// <param name="scratch">The buffer.</param>
    public static ReadOnlySpan<byte> Rewrite(ReadOnlySpan<byte> sample, int nameLength, ReadOnlySpan<byte> bound, ByteBuilder scratch)
    {
        scratch.Clear();
        scratch.Append(sample[..nameLength]);
        var rest = sample[nameLength..];
        var isOpen = sample[0] == '{';
        var labels = new CanonicalLabels(rest);
        while (labels.MoveNext())
        {
            scratch.Append(isOpen ? (byte)',' : (byte)'{');
            isOpen = true;
            AppendLabel(labels.Current, bound, scratch);
            scratch.Append((byte)'"');
        }

        if (isOpen)
            scratch.Append((byte)'}');
        scratch.Append(rest[rest.LastIndexOf((byte)' ')..]);
        return scratch.Written;
    }

    private static void AppendLabel(ReadOnlySpan<byte> label, ReadOnlySpan<byte> bound, ByteBuilder scratch)
    {
        var equals = label.IndexOf((byte)'=');
        if (!label[..equals].SequenceEqual(bound))
        {
            scratch.Append(label);
            return;
        }

        var value = label[(equals + 2)..];
        scratch.Append(label[..(equals + 2)]);
        Numbers.AppendBound(scratch, Numbers.Parse(value));
    }
}
