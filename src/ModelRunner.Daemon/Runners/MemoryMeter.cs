using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Measures the memory budget of all runners if no setting limits it. Used only by the scheduler loop, before each event that may start a
/// runner. Not thread-safe.
/// </summary>
/// <remarks>
/// A measurement reads all of <c>/proc</c>, so it is reused for <see cref="MaxAge"/>: while a model waits, every event needs one. The memory
/// that runners hold is counted as available, so the value remains valid when a runner starts. After the end of a runner a new measurement is
/// taken.
/// </remarks>
/// <param name="live">The live runners.</param>
/// <param name="time">The clock.</param>
/// <param name="read">Reads the free memory plus the memory that these processes hold, in bytes; null if unknown.</param>
internal sealed class MemoryMeter(LiveRunners live, TimeProvider time, Func<IReadOnlyCollection<int>, long?> read)
{
    /// <summary>How long a measurement is reused.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromMilliseconds(200);

    private long? _bytes;
    private long? _measuredAt;

    /// <summary>Whether the event may start a runner, so that the decision needs a measurement.</summary>
    /// <param name="schedulerEvent">The event, before it is handled.</param>
    /// <param name="runners">All runners before the event.</param>
    public static bool IsNeededFor(SchedulerEvent schedulerEvent, IReadOnlyList<RunnerSnapshot> runners) => schedulerEvent is RequestArrived arrived
        ? !runners.Any(runner => runner.Key == arrived.Key && runner.State is not (RunnerState.Failed or RunnerState.Waiting))
        : runners.Any(static runner => runner.State == RunnerState.Waiting || runner is { State: RunnerState.Stopping, Queued: > 0 });

    /// <summary>The memory budget in bytes; null if the system does not report it.</summary>
    /// <param name="schedulerEvent">The event that needs it.</param>
    public long? Measure(SchedulerEvent schedulerEvent)
    {
        if (schedulerEvent is RunnerExited or RunnerFailed || _measuredAt is not { } last || time.GetElapsedTime(last) >= MaxAge)
            (_bytes, _measuredAt) = (read([.. live.Processes]), time.GetTimestamp());
        return _bytes;
    }
}
