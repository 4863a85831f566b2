namespace ModelRunner.Scheduling;

/// <summary>The settings changed. They apply from now on.</summary>
public sealed record ConfigurationChanged(SchedulerSettings Settings) : SchedulerEvent;
