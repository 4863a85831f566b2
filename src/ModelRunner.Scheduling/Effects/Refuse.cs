namespace ModelRunner.Scheduling;

/// <summary>Respond to this request with an error.</summary>
/// <param name="Request">The request.</param>
/// <param name="Reason">The reason.</param>
/// <param name="Message">One line for the user that names the value, the limit and the remedy.</param>
/// <param name="RetryAfter">When the client should retry; null if a retry does not help.</param>
public sealed record Refuse(RequestId Request, RefusalReason Reason, string Message, TimeSpan? RetryAfter) : SchedulerEffect
{
    /// <summary>Why the runner failed because of which the request is refused; null: no runner failed.</summary>
    public StopReason? FailureReason { get; init; }

    /// <summary>The most memory that the model's runner could have; null: the refusal is not about memory.</summary>
    public MemoryLimits? Limits { get; init; }
}
