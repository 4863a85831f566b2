namespace ModelRunner.Scheduling;

/// <summary>A client asks for a model. Exactly one <see cref="Admit"/> or <see cref="Refuse"/> follows, unless the client leaves first.</summary>
public sealed record RequestArrived(RequestId Request, RunnerKey Key, RunnerDemand Demand) : SchedulerEvent
{
    /// <summary>Attached runners that the same client's request was sent to before and did not reach. Others are chosen before them.</summary>
    public IReadOnlyCollection<RunnerId> Tried { get; init; } = [];
}
