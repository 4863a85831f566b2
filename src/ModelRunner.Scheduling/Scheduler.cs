namespace ModelRunner.Scheduling;

/// <summary>
/// Decides which runner serves, starts, waits and is evicted. A pure state machine: the same events at the same times give the same
/// effects. Not thread-safe; one loop owns it.
/// </summary>
/// <remarks>All times are spans since an origin that the caller keeps, from a clock that never goes back.</remarks>
public sealed class Scheduler(SchedulerSettings settings)
{
    /// <summary>When <see cref="TimePassed"/> is due at the latest; null: never.</summary>
    public TimeSpan? NextDeadline { get; private set; }

    /// <summary>Takes one event and returns what to do now, in order. The list is only valid until the next call.</summary>
    public IReadOnlyList<SchedulerEffect> Handle(SchedulerEvent happened, TimeSpan now)
    {
        NextDeadline = settings.DefaultKeepAlive + now;
        throw new NotImplementedException(happened.ToString());
    }

    /// <summary>A copy of what is known of all runners, in order of backend, model, mode and identity.</summary>
    public IReadOnlyList<RunnerStatus> Snapshot() => throw new NotImplementedException();
}
