using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ModelRunner.Linux.Processes;

/// <summary>A set of processors by their numbers, written as Linux writes them: <c>0-3,8</c>. Immutable; two equal sets compare as equal.</summary>
internal sealed class ProcessorSet : IEquatable<ProcessorSet>
{
    /// <summary>The largest number that Linux can be built for.</summary>
    public const int MaxProcessor = 8191;

    // Longer than any text that a person writes.
    private const int MaxLength = 4096;

    private ProcessorSet(IEnumerable<int> processors) => Processors = [.. processors.Distinct().Order()];

    /// <summary>The numbers in ascending order; at least one.</summary>
    public ImmutableArray<int> Processors { get; }

    /// <summary>A set of these processors; null: there are none.</summary>
    public static ProcessorSet? Of(IEnumerable<int> processors) => new ProcessorSet(processors) is { Processors.Length: > 0 } set ? set : null;

    /// <summary>Reads numbers and ranges that are separated by commas.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out ProcessorSet? set)
    {
        set = null;
        if (text.Length > MaxLength)
            return false;
        var processors = new List<int>();
        foreach (string part in text.Split(','))
        {
            string[] ends = part.Split('-');
            if (ends.Length > 2 || !TryParseNumber(ends[0], out int first) || !TryParseNumber(ends[^1], out int last) || last < first)
                return false;
            processors.AddRange(Enumerable.Range(first, last - first + 1));
        }

        set = new ProcessorSet(processors);
        return true;
    }

    public bool Equals(ProcessorSet? other) => other is not null && Processors.SequenceEqual(other.Processors);

    public override bool Equals(object? obj) => Equals(obj as ProcessorSet);

    public override int GetHashCode() => HashCode.Combine(Processors.Length, Processors[0], Processors[^1]);

    /// <summary>The shortest text for it.</summary>
    public override string ToString()
    {
        var parts = new List<string>();
        for (int first = 0; first < Processors.Length;)
        {
            int last = first;
            while (last + 1 < Processors.Length && Processors[last + 1] == Processors[last] + 1)
                last++;
            string begin = Processors[first].ToString(CultureInfo.InvariantCulture);
            parts.Add(first == last ? begin : string.Create(CultureInfo.InvariantCulture, $"{begin}-{Processors[last]}"));
            first = last + 1;
        }

        return string.Join(',', parts);
    }

    private static bool TryParseNumber(string text, out int number) =>
        int.TryParse(text.AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= MaxProcessor;
}
