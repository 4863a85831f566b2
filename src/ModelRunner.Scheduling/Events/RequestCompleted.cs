namespace ModelRunner.Scheduling;

/// <summary>An admitted request ended, whatever its outcome.</summary>
/// <param name="Request">The request.</param>
/// <param name="Result">What it says about its runner. It decides where the next requests for an attached runner's model go.</param>
public sealed record RequestCompleted(RequestId Request, RequestResult Result = RequestResult.Served) : SchedulerEvent;
