namespace ModelRunner.Scheduling;

/// <summary>
/// Computes when a runner makes room for a model that waits. Requests for a loaded model come before a swap, within limits: of the time that the
/// other model waits, of the number of requests, and of the time since the load. If no model is in use, the swap follows at once.
/// </summary>
internal static class Stay
{
    /// <summary>How long the runner keeps its place after its load: as long as the load took, within the setting.</summary>
    public static TimeSpan LengthOf(ManagedRunnerState runner, SchedulerSettings settings) =>
        runner.LoadTime < settings.MinStay ? runner.LoadTime : settings.MinStay;

    /// <summary>From when on the runner accepts no more requests for the sake of the waiting model; the past: at once.</summary>
    public static TimeSpan ClosesAt(ManagedRunnerState runner, ManagedRunnerState wanted, SchedulerSettings settings, TimeSpan now)
    {
        if (runner.Collated >= settings.SwapRequests || (wanted.WaitsUrgently && runner.IsBackground(settings, now)))
            return TimeSpan.MinValue;
        TimeSpan waited = wanted.WaitsSince + settings.SwapDelay;
        TimeSpan stayed = runner.ReadySince + LengthOf(runner, settings);
        return waited > stayed ? waited : stayed;
    }

    /// <summary>From when on the idle runner may be stopped for the waiting model; the past: at once.</summary>
    /// <param name="idle">The idle runner.</param>
    /// <param name="wanted">The model that waits.</param>
    /// <param name="quietAt">The result of <see cref="QuietAt"/>.</param>
    /// <param name="settings">The limits.</param>
    /// <param name="now">The time.</param>
    public static TimeSpan LeavesAt(
        ManagedRunnerState idle, ManagedRunnerState wanted, TimeSpan quietAt, SchedulerSettings settings, TimeSpan now)
    {
        TimeSpan closes = ClosesAt(idle, wanted, settings, now);
        TimeSpan rested = idle.LastUsed!.Value + settings.SwapDelay;
        TimeSpan stayed = idle.ReadySince + LengthOf(idle, settings);
        TimeSpan unused = rested > stayed ? rested : stayed;
        TimeSpan first = closes < unused ? closes : unused;
        return first < quietAt ? first : quietAt;
    }

    /// <summary>
    /// From when on no model is in use or loads, so there is no reason to let the other model wait: all are idle, each for a quarter of the
    /// time of its load. In that time a client may send its next request. <see cref="TimeSpan.MaxValue"/>: not before an event.
    /// </summary>
    public static TimeSpan QuietAt(ManagedRunners runners)
    {
        TimeSpan quiet = TimeSpan.MinValue;
        foreach (ManagedRunnerState live in runners.Live)
        {
            if (live.State == RunnerState.Stopping)
                continue;
            if (!live.IsIdle)
                return TimeSpan.MaxValue;
            TimeSpan rested = live.LastUsed!.Value + (live.LoadTime / 4);
            quiet = rested > quiet ? rested : quiet;
        }

        return quiet;
    }
}
