namespace ModelRunner.Daemon.Runners;

/// <summary>What the processes of one runner use, children included.</summary>
/// <param name="ResidentBytes">Their memory, mapped files included.</param>
/// <param name="OpenDescriptors">Their open file descriptors; null if they may not be counted.</param>
internal readonly record struct RunnerUsage(long ResidentBytes, int? OpenDescriptors);
