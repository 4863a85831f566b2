using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Measures how much memory all runners may take together where no setting says it. Used by the scheduling loop alone, before each event
/// that may start a runner.
/// </summary>
/// <param name="live">The runners that there are.</param>
/// <param name="read">Reads, in bytes, what is free together with what these processes hold; null where that is not known.</param>
internal sealed class MemoryMeter(LiveRunners live, Func<IReadOnlyCollection<int>, long?> read)
{
    /// <summary>Whether the event may lead to a start, so that the decision needs to know what is free.</summary>
    /// <param name="happened">The event, not yet handled.</param>
    /// <param name="runners">All runners as they are before it.</param>
    public static bool IsNeededFor(SchedulerEvent happened, IReadOnlyList<RunnerSnapshot> runners) => happened is RequestArrived arrived
        ? !runners.Any(runner => runner.Key == arrived.Key && runner.State is not (RunnerState.Failed or RunnerState.Waiting))
        : runners.Any(static runner => runner.State == RunnerState.Waiting || runner is { State: RunnerState.Stopping, Queued: > 0 });

    /// <summary>Bytes; null where the system does not say what is free.</summary>
    public long? Measure() => read([.. live.Processes]);
}
