namespace ModelRunner.Scheduling;

/// <summary>
/// Somebody waits until this busy runner is done. Ask it for a sign of life: <see cref="RunnerAnswered"/> or <see cref="RunnerStuck"/>
/// answers. At most one check of a runner is under way.
/// </summary>
public sealed record CheckRunner(RunnerId Runner) : SchedulerEffect;
