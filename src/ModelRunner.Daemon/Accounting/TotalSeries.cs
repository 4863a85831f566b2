namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// One number of an account under the name by which the ledger stores it. A name never changes its meaning. Times are in units of 100 ns.
/// </summary>
/// <typeparam name="T">The type of the account.</typeparam>
/// <param name="Name">The name, for instance <c>tokens/prompt</c>.</param>
/// <param name="Read">Returns the number.</param>
/// <param name="BeganAt">Returns when the number began, as <see cref="CounterSet.BeganAt"/>.</param>
/// <param name="Add">Increases the number, and lowers the time at which it began.</param>
internal sealed record TotalSeries<T>(string Name, Func<T, long> Read, Func<T, long> BeganAt, Action<T, long, long> Add)
{
    /// <summary>Whether the page has it also while it is 0. Then the ledger has it too, because it has begun.</summary>
    public bool IsShownAtZero { get; init; }

    /// <summary>Whether the ledger stores what an account has of it.</summary>
    public bool IsStored(T account) => Read(account) != 0 || (IsShownAtZero && BeganAt(account) != 0);

    /// <summary>The numbers of a histogram.</summary>
    /// <param name="name">The start of their names.</param>
    /// <param name="bounds">The bounds of the histogram.</param>
    /// <param name="histogram">Returns the histogram of an account.</param>
    public static IEnumerable<TotalSeries<T>> OfHistogram(string name, IReadOnlyList<HistogramBound> bounds, Func<T, DurationHistogram> histogram) =>
    [
        .. Enumerable.Range(0, bounds.Count + 1).Select(bound => new TotalSeries<T>(
            $"{name}/{(bound < bounds.Count ? bounds[bound].Text : "+Inf")}",
            account => histogram(account).CountAt(bound), account => histogram(account).BeganAt,
            (account, count, began) => histogram(account).AddAt(bound, count, began))),
        new TotalSeries<T>(
            $"{name}/sum", account => histogram(account).Ticks, account => histogram(account).BeganAt,
            (account, ticks, _) => histogram(account).AddTicks(ticks)),
    ];
}
