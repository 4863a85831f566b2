namespace ModelRunner.Scheduling;

/// <summary>Computes how long a runner yields. While it yields, it accepts no requests, so that another model gets its capacity.</summary>
internal static class Yield
{
    /// <summary>When the yield of a runner ends; null if it does not yield.</summary>
    public static TimeSpan? EndOf(ManagedRunnerState runner, SchedulerSettings settings) =>
        runner is { State: RunnerState.Ready, Draining: StopReason.Evicted } ? runner.DrainingSince + LengthOf(runner.FailedYields, settings) : null;

    private static TimeSpan LengthOf(int failedYields, SchedulerSettings settings)
    {
        TimeSpan longest = settings.QueueTimeout / 2;
        double seconds = settings.YieldLimit.TotalSeconds * Math.Pow(2, Math.Min(failedYields, 30));
        return seconds < longest.TotalSeconds ? TimeSpan.FromSeconds(seconds) : longest;
    }
}
