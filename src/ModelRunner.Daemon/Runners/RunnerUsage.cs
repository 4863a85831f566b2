using ModelRunner.Linux.Graphics;

namespace ModelRunner.Daemon.Runners;

/// <summary>What the processes of one runner use, children included.</summary>
/// <param name="ResidentBytes">Their memory, mapped files included.</param>
/// <param name="OpenDescriptors">Their open file descriptors; null if they may not be counted.</param>
/// <param name="GraphicsBytes">Their memory on each graphics card, by <see cref="CardName"/>; empty if it is unknown.</param>
internal readonly record struct RunnerUsage(
    long ResidentBytes, int? OpenDescriptors, IReadOnlyCollection<KeyValuePair<string, long>> GraphicsBytes);
