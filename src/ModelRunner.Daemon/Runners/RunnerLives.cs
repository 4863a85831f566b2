using ModelRunner.Daemon.Accounting;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Counts the loads of runners and their processor time, from each start to its end. Used only by the scheduler loop.
/// </summary>
internal sealed class RunnerLives(RunnerAccounts accounts, TimeProvider time)
{
    private readonly Dictionary<RunnerId, (RunnerAccount Account, long? LoadingSince)> _lives = [];

    /// <summary>A runner is started. Returns the account of its key.</summary>
    public RunnerAccount Begin(StartRunner start)
    {
        RunnerAccount account = accounts.Begin(start.Key, start.Runner);
        _lives.Add(start.Runner, (account, time.GetTimestamp()));
        return account;
    }

    /// <summary>A runner has loaded its model and accepts requests.</summary>
    public void BecomeReady(RunnerId runner)
    {
        if (!_lives.TryGetValue(runner, out (RunnerAccount Account, long? LoadingSince) life) || life.LoadingSince is not { } since)
            return;
        life.Account.Add(LoadResult.Loaded);
        TimeSpan duration = time.GetElapsedTime(since);
        life.Account.LoadDuration.Add(duration);
        RequestInstruments.Count(AccountName.Of(life.Account.Key), LoadResult.Loaded, duration);
        _lives[runner] = (life.Account, LoadingSince: null);
    }

    /// <summary>A runner has ended.</summary>
    /// <param name="ended">The end.</param>
    /// <param name="cpuTime">Its processor time; null if unknown.</param>
    public void End(RunnerEnded ended, TimeSpan? cpuTime)
    {
        if (!_lives.Remove(ended.Runner, out (RunnerAccount Account, long? LoadingSince) life))
            return;
        life.Account.End(ended.Runner, cpuTime);
        if (life.LoadingSince is null)
            return;
        LoadResult result = IsRequested(ended.Reason) ? LoadResult.Cancelled : LoadResult.Failed;
        life.Account.Add(result);
        RequestInstruments.Count(AccountName.Of(ended.Key), result);
    }

    private static bool IsRequested(StopReason reason) =>
        reason is StopReason.Idle or StopReason.Evicted or StopReason.Unloaded or StopReason.Shutdown or StopReason.Outdated;
}
