using ModelRunner.Daemon.Accounting;

namespace ModelRunner.Daemon.Ledger;

/// <summary>What happened since the last batch.</summary>
internal sealed class LedgerBatch
{
    /// <summary>Requests that have ended. Each gets a row at once.</summary>
    public List<EndedRequest> Ended { get; } = [];

    /// <summary>Sums over requests that get no row; null: none.</summary>
    public LedgerSums? Overflow { get; set; }

    /// <summary>Changes of runners. They are written at once.</summary>
    public List<RunnerChange> Changes { get; } = [];

    /// <summary>Adds everything to the totals in memory.</summary>
    public void Count()
    {
        Ended.ForEach(static request => request.Count());
        Changes.ForEach(static change => change.Count());
    }
}
