using System.Collections.Concurrent;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Counts the loads and the stops of runners and their processor time, from each start to its end. Used only by the scheduler loop, except for
/// <see cref="Count"/>.
/// </summary>
/// <param name="accounts">The totals.</param>
/// <param name="ledger">Stores each start, and what is counted of it; null: it is counted at once.</param>
/// <param name="time">The clock.</param>
internal sealed class RunnerLives(RunnerAccounts accounts, RequestLedger? ledger, TimeProvider time)
{
    // The slots of a runner are counted from other threads.
    private readonly ConcurrentDictionary<RunnerId, (RunnerAccount Account, RunnerLife Life, long StartedAt, LoadSubject Subject)> _lives = [];
    private readonly Lock _lock = new();
    private long _lastId;

    /// <summary>Completes when everything so far was stored and counted.</summary>
    public Task Counted { get; private set; } = Task.CompletedTask;

    /// <summary>A runner is started. Returns the account of its key.</summary>
    /// <param name="start">The start.</param>
    /// <param name="subject">What it loads.</param>
    public RunnerAccount Begin(StartRunner start, LoadSubject subject)
    {
        DateTimeOffset now = time.GetUtcNow();
        RunnerAccount account = accounts.Begin(start.Key, start.Runner, now);
        var life = new RunnerLife(++_lastId, start.Key, subject.Engine, now);
        _lives[start.Runner] = (account, life, time.GetTimestamp(), subject);
        var sums = new RunnerAccount(key: null);
        sums.Add(TimeSpan.Zero, now.ToUnixTimeMilliseconds());
        Record(life, account, sums);
        return account;
    }

    /// <summary>The <see cref="RunnerLife.Id"/> of a runner that has not ended.</summary>
    public long NumberOf(RunnerId runner) => _lives[runner].Life.Id;

    /// <summary>A runner has loaded its model and accepts requests.</summary>
    /// <param name="runner">The runner.</param>
    /// <param name="version">The version of its engine; null: unknown.</param>
    public void BecomeReady(RunnerId runner, string? version = null)
    {
        if (!_lives.TryGetValue(runner, out var known) || known.Life.ReadyAt is not null)
            return;
        TimeSpan duration = time.GetElapsedTime(known.StartedAt);
        accounts.Loads.Add(known.Subject, duration);
        DateTimeOffset now = time.GetUtcNow();
        var sums = new RunnerAccount(key: null);
        sums.Add(LoadResult.Loaded, 1, now.ToUnixTimeMilliseconds());
        sums.LoadDuration.Add(duration, endedAt: now);
        RequestInstruments.Count(AccountName.Of(known.Account.Key), LoadResult.Loaded, duration);
        RunnerLife life = known.Life with { ReadyAt = now, Version = version };
        lock (_lock)
        {
            _lives[runner] = (known.Account, life, known.StartedAt, known.Subject);
            Record(life, known.Account, sums);
        }
    }

    /// <summary>A runner has ended.</summary>
    /// <param name="ended">The end.</param>
    /// <param name="cpuTime">Its processor time; null if unknown.</param>
    /// <param name="counts">Its last counters; null if unknown.</param>
    public void End(RunnerEnded ended, TimeSpan? cpuTime, RunnerCounts? counts = null)
    {
        if (!TryRemove(ended.Runner, out var known))
            return;
        known.Account.End(ended.Runner, cpuTime);
        DateTimeOffset now = time.GetUtcNow();
        var sums = new RunnerAccount(key: null);
        sums.Add(ended.Reason, 1, now.ToUnixTimeMilliseconds());
        if (ended.Crash is { } crash)
            sums.Add(crash, 1, now.ToUnixTimeMilliseconds());
        if (known.Life.ReadyAt is null)
        {
            LoadResult result = ended.Reason.IsRequested() ? LoadResult.Cancelled : LoadResult.Failed;
            sums.Add(result, 1, now.ToUnixTimeMilliseconds());
            RequestInstruments.Count(AccountName.Of(ended.Key), result);
        }

        Record(known.Life with { EndedAt = now, Cause = ended.Reason, Counts = counts }, known.Account, sums);
    }

    /// <summary>The requests of a runner make no progress.</summary>
    public void Stall(RunnerId runner)
    {
        if (!_lives.TryGetValue(runner, out var known))
            return;
        var sums = new RunnerAccount(key: null);
        sums.AddStalls(1, time.GetUtcNow().ToUnixTimeMilliseconds());
        Record(known.Life, known.Account, sums);
    }

    /// <summary>Something happened to the slots of a runner. Thread-safe; it has no effect once the runner has ended.</summary>
    public void Count(RunnerId runner, SlotCount count)
    {
        // The ledger stores the life with the counts, so an older state of the life must not come after a newer one.
        lock (_lock)
        {
            if (!_lives.TryGetValue(runner, out var known))
                return;
            var sums = new RunnerAccount(key: null);
            count.AddTo(sums, time.GetUtcNow().ToUnixTimeMilliseconds());
            Record(known.Life, known.Account, sums);
        }
    }

    /// <summary>
    /// How long a load will take by the loads before, or the rest of it if it has begun; then what was started counts, whatever the settings are now. Null:
    /// there was none to compare it with.
    /// </summary>
    public TimeSpan? ExpectLoad(LoadSubject subject)
    {
        (TimeSpan begun, LoadSubject loaded) = _lives.Values.Where(life => life.Life.Key == subject.Key && life.Life.ReadyAt is null)
            .Select(life => (time.GetElapsedTime(life.StartedAt), life.Subject)).FirstOrDefault((TimeSpan.Zero, subject));
        return accounts.Loads.Expect(loaded) is not { } whole ? null : begun < whole ? whole - begun : TimeSpan.Zero;
    }

    /// <summary>How long the next load of what this runner has loaded will take; null: unknown.</summary>
    public TimeSpan? ExpectReload(RunnerId runner) => _lives.TryGetValue(runner, out var known) ? accounts.Loads.Expect(known.Subject) : null;

    private bool TryRemove(RunnerId runner, out (RunnerAccount Account, RunnerLife Life, long StartedAt, LoadSubject Subject) known)
    {
        lock (_lock)
            return _lives.TryRemove(runner, out known);
    }

    private void Record(RunnerLife life, RunnerAccount account, RunnerAccount sums)
    {
        var change = new RunnerChange(life, account, sums);
        Counted = change.Counted;
        if (ledger is null)
            change.Count();
        else
            ledger.Record(change);
    }
}
