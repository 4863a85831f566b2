namespace ModelRunner.Store.Layout;

/// <summary>
/// How old a file must be at least to be removed. A lock tells whether a process still writes an unfinished one, so that one may have any age.
/// </summary>
/// <param name="Whole">A whole file, or a manifest.</param>
/// <param name="Partial">A partial file.</param>
/// <param name="Damaged">A file that was set aside.</param>
internal readonly record struct LeftoverAges(TimeSpan Whole, TimeSpan Partial, TimeSpan Damaged)
{
    /// <summary>However young they are.</summary>
    public static LeftoverAges None => new(TimeSpan.MinValue, TimeSpan.MinValue, TimeSpan.MinValue);

    /// <summary>All of one age.</summary>
    public static LeftoverAges All(TimeSpan age) => new(age, age, age);

    /// <summary>For a user who wants space now. Docker Model Runner does not lock the files that it fetches.</summary>
    public static LeftoverAges OnDemand(StoreFolder folder) => new(
        StoreCollector.MinAgeOnDemand, folder.IsShared ? StoreCollector.MinAgeOnDemand : TimeSpan.MinValue, TimeSpan.MinValue);

    /// <summary>The age for a kind.</summary>
    public TimeSpan Of(LeftoverKind kind) => kind switch
    {
        LeftoverKind.Unfinished => TimeSpan.MinValue,
        LeftoverKind.Partial => Partial,
        LeftoverKind.Damaged => Damaged,
        _ => Whole,
    };
}
