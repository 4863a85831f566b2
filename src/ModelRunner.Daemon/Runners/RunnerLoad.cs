using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>The load of a runner that is ready.</summary>
/// <param name="StartedAt">When its process was started, as a timestamp.</param>
/// <param name="ReadyAt">When it accepted requests, as a timestamp.</param>
/// <param name="Evicted">The runners that were stopped for it.</param>
internal sealed record RunnerLoad(long StartedAt, long ReadyAt, IReadOnlyList<RunnerKey> Evicted);
