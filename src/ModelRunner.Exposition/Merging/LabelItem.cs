namespace ModelRunner.Exposition.Merging;

/// <summary>One label of a <see cref="LabelSet"/>. Offsets count from the start of the line.</summary>
/// <param name="NameStart">Where the name begins, without quotes.</param>
/// <param name="NameEnd">Where the name ends.</param>
/// <param name="ValueStart">Where the value begins, behind the quote.</param>
/// <param name="ValueEnd">Where the value ends.</param>
/// <param name="IsUnresolved">Whether the target has the same name and no new one has been found yet.</param>
internal readonly record struct LabelItem(int NameStart, int NameEnd, int ValueStart, int ValueEnd, bool IsUnresolved)
{
    /// <summary>How often <c>exported_</c> goes before the name.</summary>
    public int Prefixes { get; init; }

    public ReadOnlySpan<byte> Name(ReadOnlySpan<byte> line) => line[NameStart..NameEnd];
}
