namespace ModelRunner.Scheduling;

/// <summary>
/// The daemon ends: waiting and new requests are refused, admitted ones may finish, then every runner stops. A second one waits for no
/// request.
/// </summary>
public sealed record ShutdownAsked : SchedulerEvent;
