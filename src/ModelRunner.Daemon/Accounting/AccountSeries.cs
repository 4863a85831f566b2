using System.Collections.Frozen;
using ModelRunner.Telemetry;

namespace ModelRunner.Daemon.Accounting;

/// <summary>The numbers of a <see cref="ModelAccount"/>.</summary>
internal static class AccountSeries
{
    /// <summary>Every number of an account.</summary>
    public static IReadOnlyList<TotalSeries<ModelAccount>> All { get; } =
    [
        .. Enum.GetValues<RequestOutcome>().SelectMany(static outcome => Enum.GetValues<StatusClass>().Select(status => new TotalSeries<ModelAccount>(
            $"requests/{outcome.ToLabelValue()}/{status.ToLabelValue()}",
            account => account.Requests(outcome, status), account => account.RequestsBeganAt(outcome, status),
            (account, count, began) => account.Add(outcome, status, count, began)))),
        .. Enum.GetValues<TokenType>().Select(static type => new TotalSeries<ModelAccount>(
            $"tokens/{type.ToLabelValue()}", account => account.Tokens(type), account => account.TokensBeganAt(type),
            (account, count, began) => account.Add(type, count, began))),
        .. Enum.GetValues<TokenType>().Select(static type => new TotalSeries<ModelAccount>(
            $"unconfirmed/{type.ToLabelValue()}",
            account => account.UnconfirmedTokens(type), account => account.UnconfirmedTokensBeganAt(type),
            (account, count, began) => account.AddUnconfirmed(type, count, began))),
        .. Enum.GetValues<FigureSource>().Select(static source => new TotalSeries<ModelAccount>(
            $"sources/{source.ToLabelValue()}", account => account.Sources(source), account => account.SourcesBeganAt(source),
            (account, count, began) => account.Add(source, count, began))),
        .. RefusalCodes.All.Select(static (code, index) => new TotalSeries<ModelAccount>(
            $"refused/{code}", account => account.Refused(index), account => account.RefusedBeganAt(index),
            (account, count, began) => account.AddRefused(index, count, began))),
        new TotalSeries<ModelAccount>(
            "truncated", static account => account.Truncated, static account => account.TruncatedBeganAt,
            static (account, count, began) => account.AddTruncated(count, began)),
        .. TotalSeries<ModelAccount>.OfHistogram("duration", HistogramBounds.Request, static account => account.Duration),
        .. TotalSeries<ModelAccount>.OfHistogram("first_token", HistogramBounds.FirstToken, static account => account.FirstToken),
        .. TotalSeries<ModelAccount>.OfHistogram("output_token", HistogramBounds.OutputToken, static account => account.OutputToken),
        .. TotalSeries<ModelAccount>.OfHistogram("queue_wait", HistogramBounds.Request, static account => account.QueueWait),
        .. TotalSeries<ModelAccount>.OfHistogram("load_wait", HistogramBounds.Load, static account => account.LoadWait),
    ];

    // All that is shown for each key: requests, tokens and the time that they took.
    private static readonly string[] GroupsOfKeys = ["requests/", "tokens/", "unconfirmed/", "duration/sum"];

    private static readonly FrozenSet<TotalSeries<ModelAccount>> OfKeys = All.Where(
        static series => GroupsOfKeys.Any(group => series.Name.StartsWith(group, StringComparison.Ordinal))).ToFrozenSet();

    private static readonly FrozenDictionary<string, TotalSeries<ModelAccount>> ByName = All.ToFrozenDictionary(
        static series => series.Name, StringComparer.Ordinal);

    /// <summary>
    /// Whether the ledger stores a number for each key. Of the others it stores only the sum over all keys, because every key of a model would have
    /// its own buckets of all histograms for ever.
    /// </summary>
    public static bool IsOfKeys(TotalSeries<ModelAccount> series) => OfKeys.Contains(series);

    /// <summary>The number with this name; null: this version does not know it.</summary>
    public static TotalSeries<ModelAccount>? Find(string name) => ByName.GetValueOrDefault(name);
}
