namespace ModelRunner.Scheduling;

/// <summary>Start a process. <see cref="RunnerReady"/> follows, or <see cref="RunnerFailed"/> when the process has ended.</summary>
public sealed record StartRunner(RunnerId Runner, RunnerKey Key) : SchedulerEffect
{
    /// <summary>The runners that were stopped to make room for it, in the order of their stops.</summary>
    public IReadOnlyList<RunnerKey> Evicted { get; init; } = [];

    /// <summary>Whether it starts without a request, because it is a resident.</summary>
    public bool IsResident { get; init; }

    /// <summary>The numbers with which it was decided.</summary>
    public CapacityReading? Capacity { get; init; }
}
