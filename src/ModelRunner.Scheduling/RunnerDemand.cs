namespace ModelRunner.Scheduling;

/// <summary>What a runner would need if it were started for a request.</summary>
/// <param name="MemoryBytes">The estimate of its resident memory in bytes; 0 where it is not known.</param>
/// <param name="KeepAlive">How long it stays when idle; null for the default, negative for ever, zero to stop after the answer.</param>
public readonly record struct RunnerDemand(long MemoryBytes, TimeSpan? KeepAlive);
