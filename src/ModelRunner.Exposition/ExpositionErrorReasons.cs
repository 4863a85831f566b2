namespace ModelRunner.Exposition;

/// <summary>Converts reasons to label values. Thread-safe.</summary>
public static class ExpositionErrorReasons
{
    /// <summary>All reasons, in the order of their values.</summary>
    public static IReadOnlyList<ExpositionErrorReason> All { get; } =
        [.. Enumerable.Range(0, Count).Select(value => (ExpositionErrorReason)value)];

    internal const int Count = (int)ExpositionErrorReason.EscapingCollision + 1;

    /// <summary>The reason in lower case with underscores, such as <c>invalid_name</c>. A published value never changes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a member of the enumeration.</exception>
    public static string ToLabelValue(this ExpositionErrorReason reason) => reason switch
    {
        ExpositionErrorReason.InvalidName => "invalid_name",
        ExpositionErrorReason.InvalidLabels => "invalid_labels",
        ExpositionErrorReason.InvalidValue => "invalid_value",
        ExpositionErrorReason.ValueOutOfRange => "value_out_of_range",
        ExpositionErrorReason.InvalidTimestamp => "invalid_timestamp",
        ExpositionErrorReason.InvalidExemplar => "invalid_exemplar",
        ExpositionErrorReason.InvalidUtf8 => "invalid_utf8",
        ExpositionErrorReason.InvalidMetadata => "invalid_metadata",
        ExpositionErrorReason.DuplicateLabel => "duplicate_label",
        ExpositionErrorReason.ReservedLabel => "reserved_label",
        ExpositionErrorReason.ReservedName => "reserved_name",
        ExpositionErrorReason.TooManyLabels => "too_many_labels",
        ExpositionErrorReason.LabelValueTooLong => "label_value_too_long",
        ExpositionErrorReason.AfterEof => "after_eof",
        ExpositionErrorReason.DuplicateSeries => "duplicate_series",
        ExpositionErrorReason.EscapingCollision => "escaping_collision",
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "Not a reason of the list."),
    };

    /// <summary>
    /// Whether the line was valid but was dropped because of a limit or a reserved name. Such a line does not make a body unreadable.
    /// </summary>
    internal static bool IsReadable(ExpositionErrorReason reason) =>
        reason is ExpositionErrorReason.ReservedName or >= ExpositionErrorReason.TooManyLabels;
}
