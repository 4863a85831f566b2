namespace ModelRunner.Scheduling;

/// <summary>One call that asks for runners to be unloaded, so that its answer finds its way back.</summary>
/// <param name="Value">Counts up from 1 over the life of the daemon.</param>
public readonly record struct UnloadId(long Value);
