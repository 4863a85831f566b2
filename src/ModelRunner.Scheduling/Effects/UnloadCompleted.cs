namespace ModelRunner.Scheduling;

/// <summary>All processes that an <see cref="UnloadRequested"/> selected have ended.</summary>
/// <param name="Unload">The unload.</param>
/// <param name="Count">The number of runners that were stopped because of it.</param>
public sealed record UnloadCompleted(UnloadId Unload, int Count) : SchedulerEffect;
