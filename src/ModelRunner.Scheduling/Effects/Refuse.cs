namespace ModelRunner.Scheduling;

/// <summary>Answer this request with an error.</summary>
/// <param name="Request">The request.</param>
/// <param name="Reason">Why, from a closed list.</param>
/// <param name="Message">One line for the user that names the value, the limit and the way out.</param>
/// <param name="RetryAfter">When another try makes sense; null where waiting does not help.</param>
public sealed record Refuse(RequestId Request, RefusalReason Reason, string Message, TimeSpan? RetryAfter) : SchedulerEffect;
