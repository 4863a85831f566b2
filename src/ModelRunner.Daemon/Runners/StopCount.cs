using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>How often runners of one key stopped for one reason.</summary>
internal readonly record struct StopCount(RunnerKey Key, StopReason Reason, long Count);
