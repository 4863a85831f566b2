namespace ModelRunner.Scheduling;

/// <summary>What the scheduler knows of one runner, copied for readers.</summary>
/// <param name="Id">The present start, or the last one; 0 where there was none.</param>
/// <param name="Key">What it serves.</param>
/// <param name="State">Where it is in its life.</param>
/// <param name="IsAttached">Whether it runs without us.</param>
/// <param name="InFlight">Admitted requests that have not completed.</param>
/// <param name="Queued">Requests that wait for it.</param>
/// <param name="LastUsed">When its last request ended, or when it became ready if it had none; null while loading.</param>
/// <param name="KeepAlive">How long it stays when idle; negative: for ever.</param>
/// <param name="Failure">The cause of its last failed start or crash; null where there was none.</param>
public sealed record RunnerStatus(
    RunnerId Id, RunnerKey Key, RunnerState State, bool IsAttached, int InFlight, int Queued, TimeSpan? LastUsed, TimeSpan KeepAlive, string? Failure);
