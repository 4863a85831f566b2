using System.Diagnostics.CodeAnalysis;
using System.Text;
using ModelRunner.Exposition.Merging;
using ModelRunner.Exposition.Text;

namespace ModelRunner.Exposition;

/// <summary>The labels that are added to every sample of a source, encoded once. Immutable and thread-safe.</summary>
public sealed class TargetLabels
{
    /// <summary>Encodes the labels in the given order. Values may be any text; unpaired surrogates become U+FFFD.</summary>
    /// <param name="labels">Names and values. A label with an empty value is removed from every sample, even if the source sends it.</param>
    /// <exception cref="ArgumentException">A name is not a valid label name, is <c>le</c> or <c>quantile</c>, or occurs twice.</exception>
    [SuppressMessage("Usage", "CA2208", Justification = "The parameter is the collection that holds the name.")]
    public TargetLabels(params IReadOnlyList<KeyValuePair<string, string>> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        var names = new byte[labels.Count][];
        var values = new byte[labels.Count][];
        var encoded = new ByteBuilder();
        ulong hash = 0;
        for (var i = 0; i < labels.Count; i++)
        {
            names[i] = Encoding.UTF8.GetBytes(labels[i].Key);
            values[i] = Encoding.UTF8.GetBytes(labels[i].Value);
            Check(names, i, labels[i].Key, nameof(labels));
            if (values[i].Length == 0)
                continue;
            if (encoded.Length > 0)
                encoded.Append((byte)',');
            var start = encoded.Length;
            encoded.Append(names[i]);
            encoded.Append("=\""u8);
            Escapes.AppendLabelValue(encoded, values[i]);
            hash += SeriesHash.Of(encoded.Written[start..]);
            encoded.Append((byte)'"');
        }

        Labels = [.. labels];
        NameBytes = names;
        ValueBytes = values;
        Encoded = encoded.ToArray();
        Hash = hash;
    }

    /// <summary>The labels as passed to the constructor.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Labels { get; }

    /// <summary>No labels. Used for <see cref="ExpositionMerger.AddOwn"/>.</summary>
    internal static TargetLabels None { get; } = new([]);

    internal byte[][] NameBytes { get; }

    internal byte[][] ValueBytes { get; }

    /// <summary>The text after the opening brace: the labels with non-empty values, separated by commas.</summary>
    internal byte[] Encoded { get; }

    /// <summary>The sum of the hashes of the labels with non-empty values.</summary>
    internal ulong Hash { get; }

    /// <summary>Whether one of the labels has this name.</summary>
    internal bool HasName(ReadOnlySpan<byte> name)
    {
        foreach (var own in NameBytes)
        {
            if (name.SequenceEqual(own))
                return true;
        }

        return false;
    }

    /// <summary>Compares targets by their values, label by label, in ordinal order of UTF-8.</summary>
    internal static int Compare(TargetLabels left, TargetLabels right)
    {
        var count = Math.Min(left.ValueBytes.Length, right.ValueBytes.Length);
        for (var i = 0; i < count; i++)
        {
            var order = left.ValueBytes[i].AsSpan().SequenceCompareTo(right.ValueBytes[i]);
            if (order != 0)
                return order;
        }

        return left.ValueBytes.Length.CompareTo(right.ValueBytes.Length);
    }

    private static void Check(byte[][] names, int index, string name, string parameter)
    {
        if (!Characters.IsLabelName(names[index]))
            throw new ArgumentException($"'{name}' is not a label name: use letters, digits and underscores, no digit first.", parameter);
        if (LabelNames.IsBound(names[index]) || LabelNames.IsMetricName(names[index]))
            throw new ArgumentException($"'{name}' has a special meaning in a sample and cannot be a target label.", parameter);
        for (var i = 0; i < index; i++)
        {
            if (names[i].AsSpan().SequenceEqual(names[index]))
                throw new ArgumentException($"The label '{name}' occurs twice.", parameter);
        }
    }
}
