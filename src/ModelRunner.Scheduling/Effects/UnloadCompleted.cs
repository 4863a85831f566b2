namespace ModelRunner.Scheduling;

/// <summary>The processes that an <see cref="UnloadAsked"/> named are gone.</summary>
/// <param name="Unload">The call.</param>
/// <param name="Count">How many runners were stopped because of it.</param>
public sealed record UnloadCompleted(UnloadId Unload, int Count) : SchedulerEffect;
