namespace ModelRunner.Scheduling;

/// <summary>Computes how long a runner yields. While it yields, it accepts no requests, so that another model gets its capacity.</summary>
internal static class Yield
{
    /// <summary>When the yield of a runner ends; null if it does not yield.</summary>
    public static TimeSpan? EndOf(ManagedRunnerState runner, SchedulerSettings settings) =>
        runner is { State: RunnerState.Ready, Draining: StopReason.Evicted } ? runner.DrainingSince + LengthOf(runner, settings) : null;

    private static TimeSpan LengthOf(ManagedRunnerState runner, SchedulerSettings settings)
    {
        TimeSpan longest = runner.QueueTimeout(settings) / 2;
        double seconds = settings.YieldLimit.TotalSeconds * Math.Pow(2, Math.Min(runner.FailedYields, 30));
        return seconds < longest.TotalSeconds ? TimeSpan.FromSeconds(seconds) : longest;
    }
}
