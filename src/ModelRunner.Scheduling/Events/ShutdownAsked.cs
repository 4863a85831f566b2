namespace ModelRunner.Scheduling;

/// <summary>The daemon ends: waiting and new requests are refused, admitted ones may finish, then every runner stops.</summary>
public sealed record ShutdownAsked : SchedulerEvent;
