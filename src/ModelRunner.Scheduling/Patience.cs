namespace ModelRunner.Scheduling;

/// <summary>Computes how long requests wait. The time of a load does not end a wait, because the load has its own limit.</summary>
internal static class Patience
{
    /// <summary>When the first waiting request of the runner is refused; null: none waits, or its runner loads.</summary>
    public static TimeSpan? EndsAt(ManagedRunnerState runner, SchedulerSettings settings) =>
        runner.Waiting.Count == 0 || runner.State == RunnerState.Loading
            ? null
            : runner.Waiting.Min(request => EndsAt(request, runner, settings));

    /// <summary>
    /// When the request is refused if its runner does not load. Behind others of its model it may wait from the end of the load, so that a long
    /// load does not use up the time.
    /// </summary>
    public static TimeSpan EndsAt(RequestState request, ManagedRunnerState runner, SchedulerSettings settings)
    {
        TimeSpan from = runner.State == RunnerState.Ready && runner.ReadySince > request.Arrived ? runner.ReadySince : request.Arrived;
        return from + runner.QueueTimeout(settings);
    }
}
