namespace ModelRunner.Scheduling;

/// <summary>One unload request, which its <see cref="UnloadCompleted"/> names.</summary>
/// <param name="Value">Counts up from 1 over the life of the daemon.</param>
public readonly record struct UnloadId(long Value);
