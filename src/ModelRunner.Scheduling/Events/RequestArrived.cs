namespace ModelRunner.Scheduling;

/// <summary>
/// A request for a model arrived. Exactly one <see cref="Admit"/> or <see cref="Refuse"/> follows, unless the client disconnects first.
/// </summary>
public sealed record RequestArrived(RequestId Request, RunnerKey Key, RunnerDemand Demand) : SchedulerEvent
{
    /// <summary>Attached runners that could not be reached for the same client request. They are chosen last.</summary>
    public IReadOnlyCollection<RunnerId> Tried { get; init; } = [];
}
