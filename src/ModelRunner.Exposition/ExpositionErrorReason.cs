namespace ModelRunner.Exposition;

/// <summary>
/// Why a line or a sample was dropped. A closed list: each value is one label value of a counter, see
/// <see cref="ExpositionErrorReasons.ToLabelValue"/>.
/// </summary>
public enum ExpositionErrorReason
{
    /// <summary>The metric name is missing, invalid or given twice.</summary>
    InvalidName,

    /// <summary>The part in braces is invalid: a label name, an equals sign, a quote, a comma or the closing brace.</summary>
    InvalidLabels,

    /// <summary>The value is missing or not a number. Hexadecimal numbers and underscores are not allowed.</summary>
    InvalidValue,

    /// <summary>The value is outside the range of a double.</summary>
    ValueOutOfRange,

    /// <summary>The timestamp is invalid, or other text follows it.</summary>
    InvalidTimestamp,

    /// <summary>The exemplar is invalid. Only the exemplar is dropped; the sample is kept.</summary>
    InvalidExemplar,

    /// <summary>The line is not valid UTF-8.</summary>
    InvalidUtf8,

    /// <summary>A HELP, TYPE or UNIT line has no valid name, or a TYPE line has an unknown type. Such a line is not a sample.</summary>
    InvalidMetadata,

    /// <summary>A sample has two labels with the same name.</summary>
    DuplicateLabel,

    /// <summary>The sample has a label <c>__name__</c>, which would replace its name.</summary>
    ReservedLabel,

    /// <summary>The name begins with the reserved prefix, which only the caller's own families may use.</summary>
    ReservedName,

    /// <summary>The sample has more labels than <see cref="ExpositionLimits.MaxLabels"/>.</summary>
    TooManyLabels,

    /// <summary>A label value is longer than <see cref="ExpositionLimits.MaxLabelValueBytes"/>.</summary>
    LabelValueTooLong,

    /// <summary>The line follows <c># EOF</c> in an OpenMetrics body.</summary>
    AfterEof,

    /// <summary>The page already has a sample of the same series.</summary>
    DuplicateSeries,

    /// <summary>
    /// Its series became equal to another one when names were escaped for a client that does not accept all UTF-8 names. Counted only for
    /// escaped pages.
    /// </summary>
    EscapingCollision,
}
