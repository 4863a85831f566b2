namespace ModelRunner.Scheduling;

/// <summary>A runner answered after a <see cref="CheckRunner"/>. The shell lets a moment pass before it says so.</summary>
public sealed record RunnerAnswered(RunnerId Runner) : SchedulerEvent;
