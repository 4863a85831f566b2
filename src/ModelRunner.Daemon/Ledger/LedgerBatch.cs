using ModelRunner.Daemon.Accounting;

namespace ModelRunner.Daemon.Ledger;

/// <summary>
/// What is written in one transaction. Its size is bounded: totals and hours are sums, and of more than <see cref="MaxRequests"/> requests only
/// the latest keep a row of their own. Not thread-safe.
/// </summary>
internal sealed class LedgerBatch
{
    /// <summary>The most requests that get a row of their own.</summary>
    public const int MaxRequests = 10_000;

    private const long MillisecondsOfHour = 3_600_000;

    private readonly Dictionary<AccountName, ModelAccount> _totals = [];
    private readonly Dictionary<(long Hour, AccountName Account), HourSums> _hours = [];
    private readonly Queue<EndedRequest> _requests = [];

    /// <summary>What is added to the totals of each account.</summary>
    public IReadOnlyDictionary<AccountName, ModelAccount> Totals => _totals;

    public IReadOnlyDictionary<(long Hour, AccountName Account), HourSums> Hours => _hours;

    public IReadOnlyCollection<EndedRequest> Requests => _requests;

    public bool IsEmpty => _totals.Count == 0;

    public static long HourOf(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / MillisecondsOfHour;

    public void Add(EndedRequest request)
    {
        AccountName name = AccountName.Of(request.Key);
        TotalsOf(name).Add(request);
        (long, AccountName) hour = (HourOf(request.EndedAt), name);
        if (!_hours.TryGetValue(hour, out HourSums? sums))
            _hours.Add(hour, sums = new HourSums());
        sums.Add(request);
        if (_requests.Count == MaxRequests)
            _requests.Dequeue();
        _requests.Enqueue(request);
    }

    /// <summary>Adds totals, for a new ledger that replaces a damaged one.</summary>
    public void Add(AccountName name, ModelAccount totals) => TotalsOf(name).Add(totals);

    private ModelAccount TotalsOf(AccountName name)
    {
        if (!_totals.TryGetValue(name, out ModelAccount? account))
            _totals.Add(name, account = new ModelAccount(name.Key));
        return account;
    }
}
