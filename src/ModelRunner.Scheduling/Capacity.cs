namespace ModelRunner.Scheduling;

/// <summary>
/// Whether a runner may start, and who has to go for it. Victims are idle and not pinned, those idle for the longest first. Nobody is
/// stopped unless all who would have to be are idle or on their way out.
/// </summary>
internal static class Capacity
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
        foreach (ManagedRunnerState candidate in IdleFirst(staying))
        {
            if (Fits(wanted, count, bytes, settings))
                return victims;
            victims.Add(candidate);
            count--;
            bytes -= candidate.MemoryBytes;
        }

        return Fits(wanted, count, bytes, settings) ? victims : null;
    }

    /// <summary>Whether the runner would fit if all were gone that may be evicted or go anyway. Pinned ones stay.</summary>
    public static bool CanHaveFor(ManagedRunnerState wanted, ManagedRunners runners, SchedulerSettings settings) =>
        Fits(wanted, runners.Live.Count(IsFixed), PinnedBytes(runners), settings);

    /// <summary>Memory of the runners that only an unload would end.</summary>
    public static long PinnedBytes(ManagedRunners runners) => runners.Live.Where(IsFixed).Sum(static live => live.MemoryBytes);

    /// <summary>Idle runners that are too many, or take too much, after limits were lowered. Busy ones follow when they are idle.</summary>
    public static IReadOnlyList<ManagedRunnerState> FindExcess(ManagedRunners runners, SchedulerSettings settings)
    {
        List<ManagedRunnerState> staying = [.. runners.Live.Where(static live => live.State != RunnerState.Stopping)];
        int count = staying.Count - settings.MaxRunners;
        long bytes = staying.Sum(static live => live.MemoryBytes) - (settings.MemoryBudgetBytes ?? long.MaxValue);
        List<ManagedRunnerState> excess = [];
        foreach (ManagedRunnerState candidate in IdleFirst(staying))
        {
            if (count <= 0 && bytes <= 0)
                break;
            excess.Add(candidate);
            count--;
            bytes -= candidate.MemoryBytes;
        }

        return excess;
    }

    /// <summary>
    /// The busy runner that is to yield: not pinned, the fewest requests first, then the longest unused. Null where one yields already or
    /// none can. One whose requests outlasted its last yield would turn new requests away for nothing.
    /// </summary>
    public static ManagedRunnerState? FindYielding(ManagedRunners runners) =>
        runners.Live.Any(static live => live.Draining is not null || live.State == RunnerState.Stopping)
            ? null
            : runners.Live
                .Where(static live => live is { State: RunnerState.Ready, InFlight: > 0, Outlasting: 0, IsPinned: false })
                .MinBy(static live => (live.InFlight, live.LastUsed, live.Id.Value));

    private static IEnumerable<ManagedRunnerState> IdleFirst(IEnumerable<ManagedRunnerState> runners) => runners
        .Where(static live => live.IsIdle && !live.IsPinned)
        .OrderBy(static live => live.LastUsed)
        .ThenBy(static live => live.Id.Value);

    private static bool IsFixed(ManagedRunnerState live) => live.IsPinned && live.State != RunnerState.Stopping && live.Draining is null;

    private static bool Fits(ManagedRunnerState wanted, int count, long bytes, SchedulerSettings settings) =>
        count < settings.MaxRunners && (settings.MemoryBudgetBytes is not { } budget || bytes <= budget - wanted.MemoryBytes);
}
