namespace ModelRunner.Scheduling;

/// <summary>
/// The daemon is shutting down. Waiting and new requests are refused, running ones may finish, then every runner is stopped. After a second
/// event the runners are stopped at once.
/// </summary>
public sealed record ShutdownRequested : SchedulerEvent;
