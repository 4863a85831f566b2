using ModelRunner.Daemon.Accounting;

namespace ModelRunner.Daemon.Ledger;

/// <summary>
/// What must be written of runners: their lives and what is added to their totals. Both are written in one transaction, so each load and each
/// stop is in the totals exactly once. Not thread-safe.
/// </summary>
/// <param name="accounts">The totals.</param>
internal sealed class RunnerBacklog(RunnerAccounts accounts)
{
    /// <summary>The most lives that wait while the ledger cannot be written. Older ones are only in the totals.</summary>
    private const int MaxLives = 10_000;

    private readonly OrderedDictionary<long, RunnerLife> _lives = [];
    private readonly Dictionary<long, RunnerLife> _open = [];
    private readonly Dictionary<AccountName, RunnerAccount> _saved = [];
    private readonly Dictionary<AccountName, RunnerAccount> _sums = [];

    /// <summary>The lives to write, with their ids in the database.</summary>
    public IEnumerable<(long Id, RunnerLife Life)> Lives => _lives.Values.Select(life => (LastOfOthers + life.Id, life));

    /// <summary>What is added to the totals.</summary>
    public IReadOnlyDictionary<AccountName, RunnerAccount> Sums => _sums;

    /// <summary>The last life in the database when this process opened it.</summary>
    public long LastOfOthers { get; private set; }

    /// <summary>Whether lives up to <see cref="LastOfOthers"/> have no end, because the daemon was killed.</summary>
    public bool HasLost { get; private set; }

    public bool IsEmpty => _lives.Count == 0 && _sums.Count == 0 && !HasLost;

    public void Add(RunnerChange change)
    {
        RunnerLife life = change.Life;
        if (life.EndedAt is null)
            _open[life.Id] = life;
        else
            _open.Remove(life.Id);
        Put(life);
        SumOf(_sums, AccountName.Of(life.Key)).Add(change.Sums);
    }

    /// <summary>Adds the processor time that was measured since the last call.</summary>
    public void AddCpu()
    {
        foreach ((var key, TimeSpan cpu, long beganAt) in accounts.TakeCpu())
            SumOf(_sums, AccountName.Of(key)).Add(cpu, beganAt);
    }

    /// <summary>Everything was written.</summary>
    public void SetWritten()
    {
        foreach ((AccountName name, RunnerAccount sums) in _sums)
            SumOf(_saved, name).Add(sums);
        _sums.Clear();
        _lives.Clear();
        HasLost = false;
    }

    /// <summary>The next database is empty: it gets all totals, and the runners that have not ended.</summary>
    public void BeginAgain()
    {
        foreach ((AccountName name, RunnerAccount totals) in _saved)
            SumOf(_sums, name).Add(totals);
        _saved.Clear();
        HasLost = false;
        foreach (RunnerLife life in _open.Values)
            Put(life);
    }

    /// <summary>Takes over what an earlier process wrote.</summary>
    public void Restore(IEnumerable<(AccountName Name, RunnerAccount Totals)> totals, long lastLife, bool hasLost)
    {
        (LastOfOthers, HasLost) = (lastLife, hasLost);
        (AccountName Name, RunnerAccount Totals)[] stored = [.. totals];
        foreach ((AccountName name, RunnerAccount account) in stored)
            SumOf(_saved, name).Add(account);
        accounts.Restore(stored);
    }

    private void Put(RunnerLife life)
    {
        if (_lives.Count == MaxLives && !_lives.ContainsKey(life.Id))
            _lives.RemoveAt(0);
        _lives[life.Id] = life;
    }

    private static RunnerAccount SumOf(Dictionary<AccountName, RunnerAccount> sums, AccountName name)
    {
        if (!sums.TryGetValue(name, out RunnerAccount? sum))
            sums.Add(name, sum = new RunnerAccount(name.Key));
        return sum;
    }
}
