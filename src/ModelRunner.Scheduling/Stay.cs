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
        TimeSpan twice = 2 * LengthOf(runner, settings);
        TimeSpan waited = wanted.WaitsSince + (twice > settings.SwapDelay ? twice : settings.SwapDelay);
        TimeSpan stayed = runner.ReadySince + LengthOf(runner, settings);
        return waited > stayed ? waited : stayed;
    }

    /// <summary>From when on the idle runner may be stopped for the waiting model; the past: at once.</summary>
    /// <param name="idle">The idle runner.</param>
    /// <param name="wanted">The model that waits.</param>
    /// <param name="lastReady">The end of the last load of any runner. During a load its clients wait, so that time does not count as unused.</param>
    /// <param name="quietAt">The result of <see cref="QuietAt"/>.</param>
    /// <param name="settings">The limits.</param>
    /// <param name="now">The time.</param>
    public static TimeSpan LeavesAt(
        ManagedRunnerState idle, ManagedRunnerState wanted, TimeSpan lastReady, TimeSpan quietAt, SchedulerSettings settings, TimeSpan now)
    {
        TimeSpan closes = ClosesAt(idle, wanted, settings, now);
        TimeSpan since = lastReady > idle.LastUsed!.Value ? lastReady : idle.LastUsed.Value;
        TimeSpan rested = since + settings.SwapDelay;
        TimeSpan stayed = idle.ReadySince + LengthOf(idle, settings);
        TimeSpan unused = rested > stayed ? rested : stayed;
        TimeSpan first = closes < unused ? closes : unused;
        return first < quietAt ? first : quietAt;
    }

    /// <summary>
    /// From when on no model is in use or loads, so there is no reason to let the other model wait: all are idle, and no client is expected that may need
    /// one of them. If it is not known how long clients pause, each must be idle for a quarter of the time of its load.
    /// <see cref="TimeSpan.MaxValue"/>: not before an event.
    /// </summary>
    public static TimeSpan QuietAt(ManagedRunners runners)
    {
        (TimeSpan quiet, TimeSpan load) = (TimeSpan.MinValue, TimeSpan.Zero);
        foreach (ManagedRunnerState live in runners.Live)
        {
            if (live.State == RunnerState.Stopping)
                continue;
            if (!live.IsIdle)
                return TimeSpan.MaxValue;
            TimeSpan rested = live.LastUsed!.Value + (live.LoadTime / 4);
            quiet = rested > quiet ? rested : quiet;
            load = live.LoadTime > load ? live.LoadTime : load;
        }

        return runners.Pattern.AwaitedUntil(load) ?? quiet;
    }
}
