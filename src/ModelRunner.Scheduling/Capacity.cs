namespace ModelRunner.Scheduling;

/// <summary>
/// Decides whether a runner may start, and which runners are stopped for it. Only idle runners that are not pinned are evicted, in the order of
/// their last use. No runner is evicted unless the wanted runner can then start without waiting for a busy one.
/// </summary>
internal static class Capacity
{
    /// <summary>Whether the runner can start now, beside all processes including those that are stopping.</summary>
    public static bool CanStartNow(ManagedRunnerState wanted, ManagedRunners runners, SchedulerSettings settings) =>
        Fits(wanted, runners.LiveCount, runners.Live.Sum(static live => live.MemoryBytes), settings);

    /// <summary>
    /// The idle runners to stop. Once these and the stopping ones have ended, the wanted runner can start. Empty if waiting is enough; null if
    /// busy or pinned runners prevent the start.
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

    /// <summary>The numbers of a decision about this runner, which has no process.</summary>
    public static CapacityReading Read(ManagedRunnerState wanted, ManagedRunners runners, SchedulerSettings settings) => new(
        wanted.MemoryBytes, runners.Live.Sum(static live => live.MemoryBytes), settings.MemoryBudgetBytes, runners.LiveCount, settings.MaxRunners)
    {
        MeasuredLoads = wanted.MeasuredLoads,
    };

    /// <summary>Whether the runner could start if all runners were stopped except the pinned ones.</summary>
    public static bool CanStartEventually(ManagedRunnerState wanted, ManagedRunners runners, SchedulerSettings settings) =>
        Fits(wanted, runners.Live.Count(IsProtected), PinnedBytes(runners), settings);

    /// <summary>The memory in bytes of the pinned runners, which only an unload stops.</summary>
    public static long PinnedBytes(ManagedRunners runners) => runners.Live.Where(IsProtected).Sum(static live => live.MemoryBytes);

    /// <summary>The idle runners to stop after a limit was lowered. Busy runners follow when they become idle.</summary>
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
    /// The busy runner that must yield: not pinned, with the fewest requests, then with the oldest last use. Null if one yields already or none
    /// can. A runner with requests that outlasted its last yield is left out: it would refuse new requests without any gain.
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

    private static bool IsProtected(ManagedRunnerState live) => live.IsPinned && live.State != RunnerState.Stopping && live.Draining is null;

    private static bool Fits(ManagedRunnerState wanted, int count, long bytes, SchedulerSettings settings) =>
        count < settings.MaxRunners && (settings.MemoryBudgetBytes is not { } budget || bytes <= budget - wanted.MemoryBytes);
}
