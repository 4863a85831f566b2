using System.Collections.Frozen;
using ModelRunner.Telemetry;

namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// One number of a <see cref="ModelAccount"/> under the name by which the ledger stores it. A name never changes its meaning. Times are in
/// units of 100 ns.
/// </summary>
/// <param name="Name">The name, for instance <c>tokens/prompt</c>.</param>
/// <param name="Read">Returns the number.</param>
/// <param name="Add">Increases the number.</param>
internal sealed record AccountSeries(string Name, Func<ModelAccount, long> Read, Action<ModelAccount, long> Add)
{
    /// <summary>Every number of an account.</summary>
    public static IReadOnlyList<AccountSeries> All { get; } =
    [
        .. Enum.GetValues<RequestOutcome>().SelectMany(static outcome => Enum.GetValues<StatusClass>().Select(status => new AccountSeries(
            $"requests/{outcome.ToLabelValue()}/{status.ToLabelValue()}",
            account => account.Requests(outcome, status), (account, count) => account.Add(outcome, status, count)))),
        .. Enum.GetValues<TokenType>().Select(static type => new AccountSeries(
            $"tokens/{type.ToLabelValue()}", account => account.Tokens(type), (account, count) => account.Add(type, count))),
        .. Enum.GetValues<TokenType>().Select(static type => new AccountSeries(
            $"unconfirmed/{type.ToLabelValue()}",
            account => account.UnconfirmedTokens(type), (account, count) => account.AddUnconfirmed(type, count))),
        .. Enum.GetValues<FigureSource>().Select(static source => new AccountSeries(
            $"sources/{source.ToLabelValue()}", account => account.Sources(source), (account, count) => account.Add(source, count))),
        .. OfHistogram("duration", HistogramBounds.Request, static account => account.Duration),
        .. OfHistogram("first_token", HistogramBounds.FirstToken, static account => account.FirstToken),
        .. OfHistogram("output_token", HistogramBounds.OutputToken, static account => account.OutputToken),
        .. OfHistogram("queue_wait", HistogramBounds.Request, static account => account.QueueWait),
    ];

    private static readonly FrozenDictionary<string, AccountSeries> ByName = All.ToFrozenDictionary(
        static series => series.Name, StringComparer.Ordinal);

    /// <summary>The number with this name; null: this version does not know it.</summary>
    public static AccountSeries? Find(string name) => ByName.GetValueOrDefault(name);

    private static IEnumerable<AccountSeries> OfHistogram(
        string name, IReadOnlyList<HistogramBound> bounds, Func<ModelAccount, DurationHistogram> histogram) =>
    [
        .. Enumerable.Range(0, bounds.Count + 1).Select(bound => new AccountSeries(
            $"{name}/{(bound < bounds.Count ? bounds[bound].Text : "+Inf")}",
            account => histogram(account).CountAt(bound), (account, count) => histogram(account).AddAt(bound, count))),
        new AccountSeries($"{name}/sum", account => histogram(account).Ticks, (account, ticks) => histogram(account).AddTicks(ticks)),
    ];
}
