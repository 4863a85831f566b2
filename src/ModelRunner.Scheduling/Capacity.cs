namespace ModelRunner.Scheduling;

/// <summary>
/// Decides whether a runner may start, and which runners are stopped for it. Only idle runners that are not pinned are evicted: first those for
/// background requests, then in the order of their last use, where the time of a load counts as use. No runner is evicted unless the wanted
/// runner can then start without waiting for a busy one.
/// </summary>
internal static class Capacity
{
    /// <summary>Whether the runner can start now, beside all processes including those that are stopping.</summary>
    public static bool CanStartNow(ManagedRunnerState wanted, ManagedRunners runners, SchedulerSettings settings) =>
        Fits(wanted, runners.LiveCount, runners.Live.Sum(static live => live.MemoryBytes), settings);

    /// <summary>
    /// The idle runners to stop. Once these and the stopping ones have ended, the wanted runner can start. Empty if waiting is enough; null if
    /// runners that are busy, pinned or not allowed to leave yet prevent the start.
    /// </summary>
    /// <param name="wanted">The runner that wants to start.</param>
    /// <param name="runners">All runners.</param>
    /// <param name="settings">The limits.</param>
    /// <param name="now">The time.</param>
    /// <param name="atAnyTime">Whether runners that may leave only later are included.</param>
    public static List<ManagedRunnerState>? FindVictims(
        ManagedRunnerState wanted, ManagedRunners runners, SchedulerSettings settings, TimeSpan now, bool atAnyTime = false)
    {
        List<ManagedRunnerState> staying = [.. runners.Live.Where(static live => live.State != RunnerState.Stopping)];
        int count = staying.Count;
        long bytes = staying.Sum(static live => live.MemoryBytes);
        TimeSpan quietAt = Stay.QuietAt(runners);
        List<ManagedRunnerState> victims = [];
        foreach (ManagedRunnerState candidate in EvictionOrder(staying, settings, now))
        {
            if (!atAnyTime && Stay.LeavesAt(candidate, wanted, quietAt, settings, now) > now)
                continue;
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
    public static IReadOnlyList<ManagedRunnerState> FindExcess(ManagedRunners runners, SchedulerSettings settings, TimeSpan now)
    {
        List<ManagedRunnerState> staying = [.. runners.Live.Where(static live => live.State != RunnerState.Stopping)];
        int count = staying.Count - settings.MaxRunners;
        long bytes = staying.Sum(static live => live.MemoryBytes) - (settings.MemoryBudgetBytes ?? long.MaxValue);
        List<ManagedRunnerState> excess = [];
        foreach (ManagedRunnerState candidate in EvictionOrder(staying, settings, now))
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
    /// The busy runner that must yield now: one for background requests, then the one with the fewest requests, then the one that is evicted
    /// first. Null if one yields already or none can.
    /// </summary>
    public static ManagedRunnerState? FindYielding(
        ManagedRunnerState wanted, ManagedRunners runners, SchedulerSettings settings, TimeSpan now) =>
        CanYield(wanted, runners)
            .Where(live => Stay.ClosesAt(live, wanted, settings, now) <= now)
            .MinBy(live => (!live.IsBackground(settings, now), live.InFlight, live.LastUsed + live.LoadTime, live.Id.Value));

    /// <summary>
    /// The busy runners that can yield now or later; none while one yields already. A runner that has a waiting request before those of the
    /// wanted one serves it first. A runner with requests that outlasted its last yield is left out: it would refuse new requests without any
    /// gain.
    /// </summary>
    public static IEnumerable<ManagedRunnerState> CanYield(ManagedRunnerState wanted, ManagedRunners runners) =>
        runners.Live.Any(static live => live.Draining is not null || live.State == RunnerState.Stopping)
            ? []
            : runners.Live.Where(live => live is { State: RunnerState.Ready, InFlight: > 0, Outlasting: 0, IsPinned: false }
                && (live.Waiting.First is not { } first || wanted.Waiting.First!.Value.Precedes(first.Value)));

    /// <summary>The idle runners that are not pinned, in the order in which they are evicted.</summary>
    public static IEnumerable<ManagedRunnerState> EvictionOrder(
        IEnumerable<ManagedRunnerState> runners, SchedulerSettings settings, TimeSpan now) => runners
        .Where(static live => live.IsIdle && !live.IsPinned)
        .OrderBy(live => !live.IsBackground(settings, now))
        .ThenBy(static live => live.LastUsed + live.LoadTime)
        .ThenBy(static live => live.Id.Value);

    private static bool IsProtected(ManagedRunnerState live) => live.IsPinned && live.State != RunnerState.Stopping && live.Draining is null;

    private static bool Fits(ManagedRunnerState wanted, int count, long bytes, SchedulerSettings settings) =>
        count < settings.MaxRunners && (settings.MemoryBudgetBytes is not { } budget || bytes <= budget - wanted.MemoryBytes);
}
