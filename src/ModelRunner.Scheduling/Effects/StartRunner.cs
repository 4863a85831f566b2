namespace ModelRunner.Scheduling;

/// <summary>Start a process. <see cref="RunnerReady"/>, or <see cref="RunnerFailed"/> once the process is gone, answers it.</summary>
public sealed record StartRunner(RunnerId Runner, RunnerKey Key) : SchedulerEffect;
