using CsCheck;
using ModelRunner.Exposition.Tests.Oracle;

namespace ModelRunner.Exposition.Tests.Properties;

/// <summary>The reader and the merger say the same as a slow reading with strings, byte for byte and reason for reason.</summary>
public sealed class OracleProperties
{
    private static readonly Gen<Differential.Source> Source =
        Gen.Select(PageGen.Bytes, PageGen.OneOf("one", "two", "", "\"\\\n"), (body, model) => new Differential.Source(body, model));

    [Fact]
    public void One_source_is_read_as_the_oracle_reads_it() =>
        PageGen.Bytes.Sample(body => Differential.Check([new(body, null)]), iter: 20_000);

    [Fact]
    public void Many_sources_are_merged_as_the_oracle_merges_them() =>
        Source.Array[1, 4].Sample(sources => Differential.Check(sources), iter: 10_000);

    [Fact]
    public void Sources_that_have_most_lines_in_common_are_merged_as_the_oracle_merges_them() =>
        Gen.Select(PageGen.Bytes, Gen.Int[0, 9].Array[40].Array[2, 4]).Sample((body, sources) => Differential.Check(
            [.. sources.Select((dice, number) => new Differential.Source(WithoutSomeLines(body, dice), $"{number % 3}"))]), iter: 5_000);

    [Fact]
    public void Limits_are_kept_as_the_oracle_keeps_them() => PageGen.Bytes.Sample(
        body => Differential.Check([new(body, "one")], new ExpositionLimits { MaxLabels = 1, MaxLabelValueBytes = 2 }), iter: 5_000);

    // A line is left out where the die shows zero.
    private static byte[] WithoutSomeLines(byte[] body, int[] dice)
    {
        var kept = new List<byte>();
        var line = 0;
        foreach (var value in body)
        {
            if (dice[line % dice.Length] > 0)
                kept.Add(value);
            line += value == '\n' ? 1 : 0;
        }

        return [.. kept];
    }
}
