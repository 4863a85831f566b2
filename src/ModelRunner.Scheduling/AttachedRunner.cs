namespace ModelRunner.Scheduling;

/// <summary>A server that the daemon does not start or stop, and that requests may be sent to.</summary>
/// <param name="Id">Its identity for the life of the daemon.</param>
/// <param name="Key">What it serves.</param>
public readonly record struct AttachedRunner(RunnerId Id, RunnerKey Key);
