namespace ModelRunner.Scheduling;

/// <summary>A client asks for a model. Exactly one <see cref="Admit"/> or <see cref="Refuse"/> follows, unless the client leaves first.</summary>
public sealed record RequestArrived(RequestId Request, RunnerKey Key, RunnerDemand Demand) : SchedulerEvent;
