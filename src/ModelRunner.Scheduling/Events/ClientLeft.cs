namespace ModelRunner.Scheduling;

/// <summary>The client of a request that was not admitted yet went away. Unknown requests are ignored.</summary>
public sealed record ClientLeft(RequestId Request) : SchedulerEvent;
