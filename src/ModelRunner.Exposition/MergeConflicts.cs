namespace ModelRunner.Exposition;

/// <summary>Converts conflicts to label values. Thread-safe.</summary>
public static class MergeConflicts
{
    /// <summary>All conflicts, in the order of their values.</summary>
    public static IReadOnlyList<MergeConflict> All { get; } = [.. Enumerable.Range(0, Count).Select(value => (MergeConflict)value)];

    internal const int Count = (int)MergeConflict.Escaping + 1;

    /// <summary>The conflict in lower case with underscores, such as <c>invalid_histogram</c>. A published value never changes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a member of the enumeration.</exception>
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
