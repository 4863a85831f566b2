namespace ModelRunner.Scheduling;

/// <summary>Computes the time of the next action that no event triggers.</summary>
internal static class Deadline
{
    public static TimeSpan? Next(ManagedRunners runners, ManagedRunnerState? blocked, SchedulerSettings settings, TimeSpan now)
    {
        TimeSpan? next = null;
        foreach (ManagedRunnerState runner in runners.All)
        {
            if (runner.IsExpiring)
                Consider(ref next, runner.LastUsed!.Value, runner.KeepAlive);
            if (runner is { State: RunnerState.Ready, DrainEnds: { } ends })
                Consider(ref next, ends, TimeSpan.Zero);
            if (runner.State == RunnerState.Failed)
                Consider(ref next, Backoff.ForgetAt(runner, settings), TimeSpan.Zero);
            if (runner.IsBackingOff && (runner.LacksProcess || runner.IsResident))
                Consider(ref next, runner.RetryAt, TimeSpan.Zero);
            if (Yield.EndOf(runner, settings) is { } yieldEnd)
                Consider(ref next, yieldEnd, TimeSpan.Zero);
            if (Patience.EndsAt(runner, settings) is { } end)
                Consider(ref next, end, TimeSpan.Zero);
        }

        if (blocked is not null)
            ConsiderRoom(ref next, blocked, runners, settings, now);
        return next;
    }

    // What may leave or must yield already has been looked at. Only what follows with time is left.
    private static void ConsiderRoom(
        ref TimeSpan? next, ManagedRunnerState wanted, ManagedRunners runners, SchedulerSettings settings, TimeSpan now)
    {
        (TimeSpan lastReady, TimeSpan quietAt) = (runners.LastReady, Stay.QuietAt(runners));
        IEnumerable<TimeSpan> idle = Capacity.Evictable(runners.Live)
            .Select(live => Stay.LeavesAt(live, wanted, lastReady, quietAt, settings, now));
        IEnumerable<TimeSpan> busy = Capacity.CanYield(wanted, runners, settings).Select(live => Stay.ClosesAt(live, wanted, settings, now));
        foreach (TimeSpan due in idle.Concat(busy).Where(due => due > now))
            Consider(ref next, due, TimeSpan.Zero);
        if (!wanted.WaitsUrgently)
            return;

        // A runner becomes one for background requests, which leaves sooner, when its last interactive one is long enough ago.
        foreach (ManagedRunnerState live in runners.Live.Where(static live => live is { InteractiveInFlight: 0, LastInteractive: not null }))
        {
            if (live.LastInteractive + settings.BackgroundDelay is { } due && due > now)
                Consider(ref next, due, TimeSpan.Zero);
        }
    }

    private static void Consider(ref TimeSpan? next, TimeSpan from, TimeSpan wait)
    {
        TimeSpan due = Sum(from, wait);
        if (next is null || due < next)
            next = due;
    }

    // A keep-alive may be so long that the sum would overflow.
    private static TimeSpan Sum(TimeSpan left, TimeSpan right) =>
        right > TimeSpan.MaxValue - left ? TimeSpan.MaxValue : left + right;
}
