namespace ModelRunner.Scheduling;

/// <summary>New limits apply from now on.</summary>
public sealed record ConfigurationChanged(SchedulerSettings Settings) : SchedulerEvent;
