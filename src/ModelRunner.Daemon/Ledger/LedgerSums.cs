using ModelRunner.Daemon.Accounting;

namespace ModelRunner.Daemon.Ledger;

/// <summary>
/// What is added to the totals and to the sums of hours. Its size depends on the number of accounts and hours, not of requests. Not thread-safe.
/// </summary>
internal sealed class LedgerSums
{
    private const long MillisecondsOfHour = 3_600_000;

    private readonly Dictionary<AccountName, ModelAccount> _totals = [];
    private readonly Dictionary<(long Hour, AccountName Account), HourSums> _hours = [];

    /// <summary>What is added to the totals of each account.</summary>
    public IReadOnlyDictionary<AccountName, ModelAccount> Totals => _totals;

    public IReadOnlyDictionary<(long Hour, AccountName Account), HourSums> Hours => _hours;

    public bool IsEmpty => _totals.Count == 0;

    public static long HourOf(DateTimeOffset time) => time.ToUnixTimeMilliseconds() / MillisecondsOfHour;

    /// <summary>When an hour begins.</summary>
    public static DateTimeOffset TimeOf(long hour) => DateTimeOffset.FromUnixTimeMilliseconds(hour * MillisecondsOfHour);

    public void Add(EndedRequest request)
    {
        AccountName name = AccountName.Of(request.Key, request.KeyName);
        TotalsOf(name).Add(request);
        (long, AccountName) hour = (HourOf(request.EndedAt), name);
        HoursOf(hour).Add(request);
    }

    public void Add(LedgerSums other)
    {
        foreach ((AccountName name, ModelAccount totals) in other._totals)
            TotalsOf(name).Add(totals);
        foreach (((long, AccountName) hour, HourSums sums) in other._hours)
            HoursOf(hour).Add(sums);
    }

    /// <summary>Adds totals only.</summary>
    public void Add(AccountName name, ModelAccount totals) => TotalsOf(name).Add(totals);

    private HourSums HoursOf((long Hour, AccountName Account) hour)
    {
        if (!_hours.TryGetValue(hour, out HourSums? sums))
            _hours.Add(hour, sums = new HourSums());
        return sums;
    }

    private ModelAccount TotalsOf(AccountName name)
    {
        if (!_totals.TryGetValue(name, out ModelAccount? account))
            _totals.Add(name, account = new ModelAccount(name.Key));
        return account;
    }
}
