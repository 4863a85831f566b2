using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>The load of a runner that is ready.</summary>
/// <param name="StartedAt">When its process was started.</param>
/// <param name="ReadyAt">When it accepted requests.</param>
/// <param name="Evicted">The runners that were stopped for it.</param>
internal sealed record RunnerLoad(DateTimeOffset StartedAt, DateTimeOffset ReadyAt, IReadOnlyList<RunnerKey> Evicted);
