namespace ModelRunner.Scheduling;

/// <summary>An admitted request ended, whatever its outcome.</summary>
public sealed record RequestCompleted(RequestId Request) : SchedulerEvent;
