using ModelRunner.Daemon.Accounting;

namespace ModelRunner.Daemon.Ledger;

/// <summary>The totals of one account in the database.</summary>
/// <param name="Name">The name of the account.</param>
internal sealed record StoredTotals(AccountName Name)
{
    /// <summary>The totals of requests; null: there are none.</summary>
    public ModelAccount? Requests { get; private set; }

    /// <summary>The totals of runners; null: there are none.</summary>
    public RunnerAccount? Runners { get; private set; }

    /// <summary>Adds a number, and when it began. A series that this version does not know is left out.</summary>
    public void Add(string series, long value, long beganAt)
    {
        if (AccountSeries.Find(series) is { } ofRequests)
            ofRequests.Add(Requests ??= new ModelAccount(Name.Key), value, beganAt);
        else if (RunnerSeries.Find(series) is { } ofRunners)
            ofRunners.Add(Runners ??= new RunnerAccount(Name.Key), value, beganAt);
    }
}
