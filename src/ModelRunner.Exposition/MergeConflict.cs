namespace ModelRunner.Exposition;

/// <summary>
/// What sources disagreed about. A closed list: each value but the last is counted once for every family that it concerns.
/// </summary>
public enum MergeConflict
{
    /// <summary>
    /// Different TYPE: the family is untyped on the page. Gauge, info and state set differ in OpenMetrics only and make a gauge.
    /// </summary>
    Type,

    /// <summary>Different HELP: the most frequent one is on the page, of equally frequent ones the first in ordinal order.</summary>
    Help,

    /// <summary>Different UNIT: the family has none on the page. A source without a unit agrees with every other.</summary>
    Unit,

    /// <summary>
    /// A histogram or summary shares a name with another family, as <c>x_count</c> beside histogram <c>x</c>: its parts are families of
    /// their own on the page, untyped, so that every reader takes it and nothing is lost.
    /// </summary>
    Suffix,

    /// <summary>
    /// A histogram or summary has a bound that is no number or a negative count: its parts are untyped families, as above.
    /// </summary>
    InvalidHistogram,

    /// <summary>
    /// Names became equal when they were escaped for a client that does not take all of UTF-8. Counts samples that were dropped for it, and
    /// families that lost their type, on the page that was written last.
    /// </summary>
    Escaping,
}
