namespace ModelRunner.Scheduling;

/// <summary>
/// A request or an unload waits for this busy runner. Check its health: <see cref="RunnerAnswered"/> or <see cref="RunnerStuck"/> answers.
/// At most one check of a runner is under way.
/// </summary>
public sealed record CheckRunner(RunnerId Runner) : SchedulerEffect;
