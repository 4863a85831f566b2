using ModelRunner.Daemon.Accounting;

namespace ModelRunner.Daemon.Ledger;

/// <summary>
/// What must be written of runners: their lives, the memory that they use, and what is added to their totals. Lives and totals are written in
/// one transaction, so each load and each stop is in the totals exactly once. Not thread-safe.
/// </summary>
/// <param name="accounts">The totals.</param>
internal sealed class RunnerBacklog(RunnerAccounts accounts)
{
    /// <summary>The most lives that wait while the ledger cannot be written. Older ones are only in the totals.</summary>
    private const int MaxLives = 10_000;

    private readonly OrderedDictionary<long, RunnerLife> _lives = [];
    private readonly Dictionary<long, RunnerLife> _open = [];
    private readonly Dictionary<(string Key, long Load), LoadPeak> _peaks = [];
    private readonly Dictionary<AccountName, RunnerAccount> _saved = [];
    private readonly Dictionary<AccountName, RunnerAccount> _sums = [];

    /// <summary>The lives to write, with their ids in the database.</summary>
    public IEnumerable<(long Id, RunnerLife Life)> Lives => _lives.Values.Select(life => (LastOfOthers + life.Id, life));

    /// <summary>The memory of loads to write, with the ids of their lives in the database.</summary>
    public IEnumerable<(long Load, LoadPeak Peak)> Peaks => _peaks.Values.Select(peak => (LastOfOthers + peak.Load, peak));

    /// <summary>What is added to the totals.</summary>
    public IReadOnlyDictionary<AccountName, RunnerAccount> Sums => _sums;

    /// <summary>The last life in the database when this process opened it.</summary>
    public long LastOfOthers { get; private set; }

    /// <summary>Whether lives up to <see cref="LastOfOthers"/> have no end, because the daemon was killed.</summary>
    public bool HasLost { get; private set; }

    public bool IsEmpty => _lives.Count == 0 && _sums.Count == 0 && _peaks.Count == 0 && !HasLost;

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

    /// <summary>Adds the processor time and the memory that were measured since the last call.</summary>
    public void AddMeasured()
    {
        foreach (LoadPeak peak in accounts.Peaks.TakeChanged())
            Put(peak);
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
        _peaks.Clear();
        HasLost = false;
    }

    /// <summary>The next database is empty: it gets all totals, and the runners that have not ended.</summary>
    public void BeginAgain()
    {
        foreach ((AccountName name, RunnerAccount totals) in _saved)
            SumOf(_sums, name).Add(totals);
        _saved.Clear();
        HasLost = false;
        foreach (LoadPeak peak in accounts.Peaks.All)
            Put(peak);
        foreach (RunnerLife life in _open.Values)
            Put(life);
    }

    /// <summary>Takes over what an earlier process wrote.</summary>
    public void Restore(
        IEnumerable<(AccountName Name, RunnerAccount Totals)> totals, IEnumerable<LoadPeak> peaks,
        IEnumerable<(LoadSubject Subject, TimeSpan Duration)> durations, long lastLife, bool hasLost)
    {
        foreach ((LoadSubject subject, TimeSpan duration) in durations)
            accounts.Loads.Add(subject, duration);

        // Lives may be removed before the memory of their loads.
        LoadPeak[] loads = [.. peaks];
        (LastOfOthers, HasLost) = (loads.Select(static peak => peak.Load).Append(lastLife).Max(), hasLost);
        accounts.Peaks.Restore(loads.Select(peak => peak with { Load = peak.Load - LastOfOthers }));
        (AccountName Name, RunnerAccount Totals)[] stored = [.. totals];
        foreach ((AccountName name, RunnerAccount account) in stored)
            SumOf(_saved, name).Add(account);
        accounts.Restore(stored);
    }

    // The memory of as many loads as are known at all.
    private void Put(LoadPeak peak)
    {
        if (_peaks.Count < MemoryPeaks.MaxKeys * MemoryPeaks.MaxLoads || _peaks.ContainsKey((peak.Key, peak.Load)))
            _peaks[(peak.Key, peak.Load)] = peak;
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
