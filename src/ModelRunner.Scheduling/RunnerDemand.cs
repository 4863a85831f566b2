namespace ModelRunner.Scheduling;

/// <summary>The needs of a runner that is started for a request.</summary>
/// <param name="MemoryBytes">The estimate of its resident memory in bytes; 0 if unknown.</param>
/// <param name="KeepAlive">
/// How long it stays loaded when idle; null: the default; negative: until an unload; zero: it stops after the response.
/// </param>
public readonly record struct RunnerDemand(long MemoryBytes, TimeSpan? KeepAlive);
