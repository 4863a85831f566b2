namespace ModelRunner.Exposition;

/// <summary>
/// Why a line or a sample was left out. A closed list: each value is one label value of a counter, see
/// <see cref="ExpositionErrorReasons.ToLabelValue"/>.
/// </summary>
public enum ExpositionErrorReason
{
    /// <summary>The line does not begin with a metric name where one must stand, or has two, or none.</summary>
    InvalidName,

    /// <summary>The part in braces is broken: a label name, an equals sign, a quote, a comma or the closing brace.</summary>
    InvalidLabels,

    /// <summary>There is no value, or it is not a number: hexadecimal and underscores are no numbers here.</summary>
    InvalidValue,

    /// <summary>The value is a number that no double can hold.</summary>
    ValueOutOfRange,

    /// <summary>What follows the value is no timestamp of the format, or something follows the timestamp.</summary>
    InvalidTimestamp,

    /// <summary>What follows the value begins like an exemplar and is none. Only the exemplar is left out; the sample is kept.</summary>
    InvalidExemplar,

    /// <summary>The line is not valid UTF-8.</summary>
    InvalidUtf8,

    /// <summary>A HELP, TYPE or UNIT line has no valid name, or a TYPE line no known type. It is no sample.</summary>
    InvalidMetadata,

    /// <summary>One label name stands twice in a sample.</summary>
    DuplicateLabel,

    /// <summary>The sample has a label <c>__name__</c>, which would rename it.</summary>
    ReservedLabel,

    /// <summary>The name begins with <c>model_runner_</c>, which belongs to the page's own families.</summary>
    ReservedName,

    /// <summary>The sample has more labels than <see cref="ExpositionLimits.MaxLabels"/>.</summary>
    TooManyLabels,

    /// <summary>A label value is longer than <see cref="ExpositionLimits.MaxLabelValueBytes"/>.</summary>
    LabelValueTooLong,

    /// <summary>The line stands behind <c># EOF</c> in an OpenMetrics body.</summary>
    AfterEof,

    /// <summary>The same series, by label set, stands before it on the page.</summary>
    DuplicateSeries,

    /// <summary>
    /// Its name became equal to another one when names were escaped for a client that does not take all of UTF-8, and the labels are equal
    /// too. Only pages that are escaped lose it.
    /// </summary>
    EscapingCollision,
}
