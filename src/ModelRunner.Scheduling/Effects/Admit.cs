namespace ModelRunner.Scheduling;

/// <summary>Forward this request to this runner now. <see cref="RequestCompleted"/> must follow, whatever happens.</summary>
public sealed record Admit(RequestId Request, RunnerId Runner) : SchedulerEffect;
