namespace ModelRunner.Scheduling;

/// <summary>A started runner responds as the requested model.</summary>
public sealed record RunnerReady(RunnerId Runner) : SchedulerEvent;
