namespace ModelRunner.Scheduling;

/// <summary>An admitted request ended, with any outcome.</summary>
/// <param name="Request">The request.</param>
/// <param name="Result">The result for its runner. It decides which attached runner gets the next requests.</param>
public sealed record RequestCompleted(RequestId Request, RequestResult Result = RequestResult.Served) : SchedulerEvent;
