namespace ModelRunner.Exposition;

/// <summary>A conflict between sources. A closed list: each value but the last is counted once for each family.</summary>
public enum MergeConflict
{
    /// <summary>
    /// Different TYPE: the family is untyped on the page. Gauge, info and state set differ only in OpenMetrics and become a gauge.
    /// </summary>
    Type,

    /// <summary>Different HELP: the page has the most frequent one, and of equally frequent ones the first in ordinal order.</summary>
    Help,

    /// <summary>Different UNIT: the family has no unit on the page. A source without a unit conflicts with none.</summary>
    Unit,

    /// <summary>
    /// A histogram or summary shares a name with another family, for example <c>x_count</c> and histogram <c>x</c>. Its parts become untyped
    /// families of their own, so that every reader accepts the page and no sample is lost.
    /// </summary>
    Suffix,

    /// <summary>
    /// A histogram or summary has a bound that is not a number, or a negative count. Its parts become untyped families, as above.
    /// </summary>
    InvalidHistogram,

    /// <summary>
    /// Names became equal when they were escaped for a client that does not accept all UTF-8 names. Counts the dropped samples and the families
    /// that lost their type, on the last page that was written.
    /// </summary>
    Escaping,
}
