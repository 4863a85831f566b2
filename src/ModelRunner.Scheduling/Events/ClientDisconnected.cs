namespace ModelRunner.Scheduling;

/// <summary>The client of a waiting request disconnected. Unknown requests are ignored.</summary>
public sealed record ClientDisconnected(RequestId Request) : SchedulerEvent;
