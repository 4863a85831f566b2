namespace ModelRunner.Scheduling;

/// <summary>
/// Whether a runner may start, and who has to go for it. Victims are idle and not pinned, those idle for the longest first. Nobody is
/// stopped unless all who would have to be are idle or on their way out.
/// </summary>
internal static class Room
{
    /// <summary>Whether the runner fits beside all processes that there are, those that are stopping included.</summary>
    public static bool HasFor(ManagedRunnerState wanted, ManagedRunners runners, SchedulerSettings settings) =>
        Fits(wanted, runners.LiveCount, runners.Live.Sum(static live => live.MemoryBytes), settings);

    /// <summary>
    /// The idle runners to stop so that, once these and those already stopping are gone, the wanted one fits. Empty where it is enough to
    /// wait; null where busy or pinned ones are in the way.
    /// </summary>
    public static List<ManagedRunnerState>? FindVictims(ManagedRunnerState wanted, ManagedRunners runners, SchedulerSettings settings)
    {
        List<ManagedRunnerState> staying = [.. runners.Live.Where(static live => live.State != RunnerState.Stopping)];
        int count = staying.Count;
        long bytes = staying.Sum(static live => live.MemoryBytes);
        List<ManagedRunnerState> victims = [];
        IEnumerable<ManagedRunnerState> idle = staying
            .Where(static live => live.IsIdle && !live.IsPinned)
            .OrderBy(static live => live.LastUsed)
            .ThenBy(static live => live.Id.Value);
        foreach (ManagedRunnerState candidate in idle)
        {
            if (Fits(wanted, count, bytes, settings))
                return victims;
            victims.Add(candidate);
            count--;
            bytes -= candidate.MemoryBytes;
        }

        return Fits(wanted, count, bytes, settings) ? victims : null;
    }

    /// <summary>
    /// The busy runner that is to yield: not pinned, the fewest requests first, then the longest unused. Null where one yields already or
    /// none can.
    /// </summary>
    public static ManagedRunnerState? FindYielding(ManagedRunners runners) =>
        runners.Live.Any(static live => live.Draining is not null || live.State == RunnerState.Stopping)
            ? null
            : runners.Live
                .Where(static live => live is { State: RunnerState.Ready, InFlight: > 0, IsPinned: false })
                .MinBy(static live => (live.InFlight, live.LastUsed, live.Id.Value));

    private static bool Fits(ManagedRunnerState wanted, int count, long bytes, SchedulerSettings settings) =>
        count < settings.MaxRunners && (settings.MemoryBudgetBytes is not { } budget || bytes <= budget - wanted.MemoryBytes);
}
