using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Measures how much memory all runners may take together where no setting says it. Used by the scheduling loop alone, before each event
/// that may start a runner.
/// </summary>
/// <remarks>
/// A measurement reads all of <c>/proc</c>, so one that is a moment old is used again: while a model waits, every event asks for one. What runners
/// hold counts like what is free, so that it stays true when a runner starts. The end of one is always followed by a new one.
/// </remarks>
/// <param name="live">The runners that there are.</param>
/// <param name="time">The clock that tells how old a measurement is.</param>
/// <param name="read">Reads, in bytes, what is free together with what these processes hold; null where that is not known.</param>
internal sealed class MemoryMeter(LiveRunners live, TimeProvider time, Func<IReadOnlyCollection<int>, long?> read)
{
    /// <summary>How long a measurement is used.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromMilliseconds(200);

    private long? _bytes;
    private long? _measuredAt;

    /// <summary>Whether the event may lead to a start, so that the decision needs to know what is free.</summary>
    /// <param name="happened">The event, not yet handled.</param>
    /// <param name="runners">All runners as they are before it.</param>
    public static bool IsNeededFor(SchedulerEvent happened, IReadOnlyList<RunnerSnapshot> runners) => happened is RequestArrived arrived
        ? !runners.Any(runner => runner.Key == arrived.Key && runner.State is not (RunnerState.Failed or RunnerState.Waiting))
        : runners.Any(static runner => runner.State == RunnerState.Waiting || runner is { State: RunnerState.Stopping, Queued: > 0 });

    /// <summary>Bytes; null where the system does not say what is free.</summary>
    /// <param name="happened">The event that needs it.</param>
    public long? Measure(SchedulerEvent happened)
    {
        if (happened is RunnerExited or RunnerFailed || _measuredAt is not { } last || time.GetElapsedTime(last) >= MaxAge)
            (_bytes, _measuredAt) = (read([.. live.Processes]), time.GetTimestamp());
        return _bytes;
    }
}
