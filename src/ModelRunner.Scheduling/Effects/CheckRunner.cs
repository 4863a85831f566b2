namespace ModelRunner.Scheduling;

/// <summary>
/// A request or an unload waits for this busy runner: check its health. <see cref="RunnerResponded"/> or <see cref="RunnerStuck"/> reports the
/// result. At most one check of a runner is running.
/// </summary>
public sealed record CheckRunner(RunnerId Runner) : SchedulerEffect;
