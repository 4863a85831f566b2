using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// Counts the loads and the processor time of runners by backend, model and mode. Thread-safe. The lock is held only to find or add an account;
/// reading <see cref="Table"/> takes none.
/// </summary>
/// <remarks>
/// If there are too many accounts, the one whose last start is the oldest and that has no runner is folded into the others, so that no sum
/// changes. Accounts with a runner are never folded.
/// </remarks>
/// <param name="maxModels">The most accounts of models without a runner.</param>
internal sealed class RunnerAccounts(int maxModels)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<RunnerKey, RunnerAccount> _models = [];
    private volatile RunnerAccountTable _table = new([], Other: null);
    private RunnerAccount? _folded;
    private long _starts;

    /// <summary>All accounts.</summary>
    public RunnerAccountTable Table => _table;

    /// <summary>A runner is started. Returns its account, which <see cref="RunnerAccount.End"/> must be called on.</summary>
    public RunnerAccount Begin(RunnerKey key, RunnerId runner)
    {
        lock (_lock)
        {
            RunnerAccount account = Find(key);
            account.LastStart = ++_starts;
            account.Begin(runner);
            return account;
        }
    }

    private RunnerAccount Find(RunnerKey key)
    {
        if (_models.TryGetValue(key, out RunnerAccount? account))
            return account;
        while (_models.Count >= maxModels && TryFold())
        {
        }

        _models.Add(key, account = new RunnerAccount(key));
        _table = new RunnerAccountTable([.. _models.Values.OrderBy(static account => account.Key!.Value, RunnerKey.Order)], _folded);
        return account;
    }

    private bool TryFold()
    {
        RunnerAccount? least = _models.Values.Where(static account => !account.IsLive).MinBy(static account => account.LastStart);
        if (least is null)
            return false;

        // A reader of the table must not see the sum change while it still reads the account.
        var folded = new RunnerAccount(key: null);
        if (_folded is not null)
            folded.Add(_folded);
        folded.Add(least);
        _folded = folded;
        _models.Remove(least.Key!.Value);
        return true;
    }
}
