using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Accounting;

/// <summary>
/// Counts the loads, the stops and the processor time of runners by backend, model and mode, and keeps what memory they used. Thread-safe. The lock is
/// held only to find or add an account; reading <see cref="Table"/> takes none.
/// </summary>
/// <param name="maxModels">The most accounts of models without a runner that are shown by name.</param>
internal sealed class RunnerAccounts(int maxModels)
{
    private readonly Lock _lock = new();
    private readonly AccountSet<RunnerAccount> _models = new(maxModels);
    private volatile RunnerAccountTable _table = new([], Other: null);

    /// <summary>All accounts.</summary>
    public RunnerAccountTable Table => _table;

    /// <summary>The memory that was measured of runners.</summary>
    public MemoryPeaks Peaks { get; } = new();

    /// <summary>How long the loads of runners took.</summary>
    public LoadTimes Loads { get; } = new();

    /// <summary>Whether <see cref="TakeCpu"/> returns something.</summary>
    public bool HasNewCpu
    {
        get
        {
            lock (_lock)
                return _models.All.Any(static account => account.HasNewCpu);
        }
    }

    /// <summary>A runner is started. Returns its account, which <see cref="RunnerAccount.End"/> must be called on.</summary>
    /// <param name="key">Backend, model and mode.</param>
    /// <param name="runner">The runner.</param>
    /// <param name="at">The time.</param>
    public RunnerAccount Begin(RunnerKey key, RunnerId runner, DateTimeOffset at)
    {
        lock (_lock)
        {
            RunnerAccount account = _models.Use(key, mayExceed: true, out bool isChanged)!;
            account.Begin(runner, at.ToUnixTimeMilliseconds());
            if (isChanged)
                Publish();
            return account;
        }
    }

    /// <summary>Adds totals from before the start of this process. They are passed in the order of their last use.</summary>
    public void Restore(IEnumerable<(AccountName Name, RunnerAccount Totals)> stored)
    {
        lock (_lock)
        {
            foreach ((AccountName name, RunnerAccount totals) in stored)
            {
                if (name.Key is not { } key)
                    continue;
                _models.Use(key, mayExceed: true, out _)!.Restore(totals);
            }

            Publish();
        }
    }

    /// <summary>The processor time since the last call, of each account that has some.</summary>
    public IReadOnlyList<(RunnerKey Key, TimeSpan Cpu, long BeganAt)> TakeCpu()
    {
        lock (_lock)
        {
            return
            [
                .. _models.All.Select(static account => (account.Key!.Value, account.TakeCpu(), account.CpuBeganAt))
                    .Where(static taken => taken.Item2 > TimeSpan.Zero),
            ];
        }
    }

    private void Publish() => _table = new RunnerAccountTable(_models.Shown, _models.HiddenSum);
}
