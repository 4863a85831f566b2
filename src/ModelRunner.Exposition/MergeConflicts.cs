namespace ModelRunner.Exposition;

/// <summary>The conflicts as words for a label value.</summary>
public static class MergeConflicts
{
    /// <summary>All conflicts, in the order of their values.</summary>
    public static IReadOnlyList<MergeConflict> All { get; } = [.. Enumerable.Range(0, Count).Select(value => (MergeConflict)value)];

    internal const int Count = (int)MergeConflict.Escaping + 1;

    /// <summary>
    /// The conflict in small letters with underscores, such as <c>invalid_histogram</c>. It never changes once published.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is none of the list.</exception>
    public static string ToLabelValue(this MergeConflict conflict) => conflict switch
    {
        MergeConflict.Type => "type",
        MergeConflict.Help => "help",
        MergeConflict.Unit => "unit",
        MergeConflict.Suffix => "suffix",
        MergeConflict.InvalidHistogram => "invalid_histogram",
        MergeConflict.Escaping => "escaping",
        _ => throw new ArgumentOutOfRangeException(nameof(conflict), conflict, "Not a conflict of the list."),
    };
}
