namespace ModelRunner.Scheduling;

/// <summary>A started runner responds as the requested model.</summary>
public sealed record RunnerReady(RunnerId Runner) : SchedulerEvent
{
    /// <summary>How long its next load will take, by all loads of the same kind; null: as long as this one.</summary>
    public TimeSpan? ExpectedLoad { get; init; }
}
