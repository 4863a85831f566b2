namespace ModelRunner.Exposition.Merging;

/// <summary>One label of a <see cref="LabelSet"/>. Offsets count from the start of the line.</summary>
/// <param name="NameStart">The start of the name, without quotes.</param>
/// <param name="NameEnd">The end of the name.</param>
/// <param name="ValueStart">The start of the value, after the quote.</param>
/// <param name="ValueEnd">The end of the value.</param>
/// <param name="IsUnresolved">Whether it clashes with a target label and is not renamed yet.</param>
internal readonly record struct LabelItem(int NameStart, int NameEnd, int ValueStart, int ValueEnd, bool IsUnresolved)
{
    /// <summary>How many times <c>exported_</c> is put before the name.</summary>
    public int Prefixes { get; init; }

    public ReadOnlySpan<byte> Name(ReadOnlySpan<byte> line) => line[NameStart..NameEnd];
}
