namespace ModelRunner.Scheduling;

/// <summary>Computes the time of the next action that no event triggers.</summary>
internal static class Deadline
{
    public static TimeSpan? Next(ManagedRunners runners, SchedulerSettings settings)
    {
        TimeSpan? next = null;
        foreach (ManagedRunnerState runner in runners.All)
        {
            if (runner is { IsIdle: true, IsPinned: false })
                Consider(ref next, runner.LastUsed!.Value, runner.KeepAlive);
            if (runner is { State: RunnerState.Ready, DrainEnds: { } ends })
                Consider(ref next, ends, TimeSpan.Zero);
            if (runner.State == RunnerState.Failed)
                Consider(ref next, Backoff.ForgetAt(runner, settings), TimeSpan.Zero);
            if (runner is { IsBackingOff: true, LacksProcess: true })
                Consider(ref next, runner.RetryAt, TimeSpan.Zero);
            if (Yield.EndOf(runner, settings) is { } yieldEnd)
                Consider(ref next, yieldEnd, TimeSpan.Zero);
            if (runner.State != RunnerState.Loading && runner.Waiting.First is { } first)
                Consider(ref next, first.Value.Arrived, settings.QueueTimeout);
        }

        ManagedRunnerState? head = runners.All
            .Where(static runner => runner.WantsStart)
            .MinBy(static runner => (runner.Waiting.First!.Value.Arrived, runner.Waiting.First!.Value.Id.Value));
        if (head is not null && Capacity.FindYielding(runners) is not null)
            Consider(ref next, head.Waiting.First!.Value.Arrived, settings.YieldDelay);
        return next;
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
