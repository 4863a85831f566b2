namespace ModelRunner.Scheduling;

/// <summary>Forward this request to this runner now. One <see cref="RequestCompleted"/> must follow in every case.</summary>
public sealed record Admit(RequestId Request, RunnerId Runner) : SchedulerEffect;
