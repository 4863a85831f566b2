namespace ModelRunner.Scheduling;

/// <summary>A started runner answers as the model that was asked for.</summary>
public sealed record RunnerReady(RunnerId Runner) : SchedulerEvent;
