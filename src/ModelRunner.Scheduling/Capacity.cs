namespace ModelRunner.Scheduling;

/// <summary>
/// Decides whether a runner may start, and which runners are stopped for it: places, main memory, and the memory of each graphics card count. Only idle
/// runners that are not pinned are evicted: first those for background requests, then in the order of their last use, where the time of a load
/// counts as use. One that would free nothing of what is missing stays. No runner is evicted unless the wanted runner can then start without
/// waiting for a busy one.
/// </summary>
/// <remarks>
/// An engine may put into main memory what does not fit on the cards. Its model still waits for the cards, in the same way as others, if it fits on
/// them wholly when all runners but the pinned ones are gone. Otherwise it gets the part that is free, and waits for no card.
/// </remarks>
internal static class Capacity
{
    /// <summary>Whether the runner can start now, beside all processes including those that are stopping.</summary>
    public static bool CanStartNow(ManagedRunnerState wanted, ManagedRunners runners, SchedulerSettings settings) =>
        Fits(wanted, new CapacityUse(runners.Live), settings, IsPartial(wanted, runners, settings));

    /// <summary>
    /// The idle runners to stop. Once these and the stopping ones have ended, the wanted runner can start. Empty if waiting is enough; null if
    /// runners that are busy, pinned or not allowed to leave yet prevent the start.
    /// </summary>
    /// <param name="wanted">The runner that wants to start.</param>
    /// <param name="runners">All runners.</param>
    /// <param name="settings">The limits.</param>
    /// <param name="now">The time.</param>
    public static List<ManagedRunnerState>? FindVictims(ManagedRunnerState wanted, ManagedRunners runners, SchedulerSettings settings, TimeSpan now)
    {
        List<ManagedRunnerState> staying = Staying(runners);
        var use = new CapacityUse(staying);
        bool isPartial = IsPartial(wanted, runners, settings);
        if (Fits(wanted, use, settings, isPartial))
            return [];
        (TimeSpan lastReady, TimeSpan quietAt) = (runners.LastReady, Stay.QuietAt(runners));
        List<ManagedRunnerState> candidates =
            [.. Evictable(staying).Where(candidate => Stay.LeavesAt(candidate, wanted, lastReady, quietAt, settings, now) <= now)];

        // The order has its cost. A model that waits asks again after each event, so the order is computed only if all of them are enough.
        candidates.ForEach(use.Remove);
        if (!Fits(wanted, use, settings, isPartial))
            return null;
        candidates.ForEach(use.Restore);
        List<ManagedRunnerState> victims = [];
        foreach (ManagedRunnerState candidate in EvictionOrder(candidates, runners, settings, now))
        {
            victims.Add(candidate);
            use.Remove(candidate);
            if (Fits(wanted, use, settings, isPartial))
                break;
        }

        Spare(victims, wanted, use, settings, isPartial);
        return victims;
    }

    /// <summary>Whether the runner could start if all idle runners were stopped except the pinned ones, and those that stop had ended.</summary>
    public static bool CanStartWithoutIdle(ManagedRunnerState wanted, ManagedRunners runners, SchedulerSettings settings) =>
        Fits(wanted, new CapacityUse(Staying(runners).Where(static live => !live.IsIdle || live.IsPinned)), settings, IsPartial(wanted, runners, settings));

    /// <summary>The numbers of a decision about this runner, which has no process.</summary>
    public static CapacityReading Read(ManagedRunnerState wanted, ManagedRunners runners, SchedulerSettings settings)
    {
        var use = new CapacityUse(runners.Live);
        CardPlacement placement = PlaceAtMost(wanted, use, settings, IsPartial(wanted, runners, settings));
        return new CapacityReading(
            wanted.MemoryBytes + placement.SpilledBytes, use.Bytes, settings.MemoryBudgetBytes, runners.LiveCount, settings.MaxRunners)
        {
            MeasuredLoads = wanted.MeasuredLoads,
            SpilledBytes = placement.SpilledBytes,
            Cards = wanted.Demand.Cards is { } cards ? [.. cards.CardNames.Select(card => ReadCard(card, placement, use, settings))] : [],
        };
    }

    /// <summary>Where the runner that starts now gets its graphics memory.</summary>
    public static CardPlacement Place(ManagedRunnerState wanted, ManagedRunners runners, SchedulerSettings settings) =>
        PlaceAtMost(wanted, new CapacityUse(runners.Live), settings, IsPartial(wanted, runners, settings));

    /// <summary>Whether the runner could start if all runners were stopped except the pinned ones.</summary>
    public static bool CanStartEventually(ManagedRunnerState wanted, ManagedRunners runners, SchedulerSettings settings) =>
        Fits(wanted, new CapacityUse(Pinned(runners)), settings, wanted.Demand.Cards?.Margin is not null);

    /// <summary>Whether the runner could start if there were no other.</summary>
    public static bool CanEverStart(ManagedRunnerState wanted, SchedulerSettings settings) =>
        Fits(wanted, new CapacityUse([]), settings, wanted.Demand.Cards?.Margin is not null);

    /// <summary>The pinned runners, which only an unload stops.</summary>
    public static IEnumerable<ManagedRunnerState> Pinned(ManagedRunners runners) => runners.Live.Where(
        static live => live.IsPinned && live.State != RunnerState.Stopping && live.Draining is null);

    /// <summary>The idle runners to stop after a limit was lowered. Busy runners follow when they become idle.</summary>
    public static IReadOnlyList<ManagedRunnerState> FindExcess(ManagedRunners runners, SchedulerSettings settings, TimeSpan now)
    {
        List<ManagedRunnerState> staying = Staying(runners);
        int count = staying.Count - settings.MaxRunners;
        long bytes = staying.Sum(static live => live.MemoryBytes) - (settings.MemoryBudgetBytes ?? long.MaxValue);

        // The usual case after each event. The order has its cost, so it is not computed.
        if (count <= 0 && bytes <= 0)
            return [];
        List<ManagedRunnerState> excess = [];
        foreach (ManagedRunnerState candidate in EvictionOrder([.. Evictable(staying)], runners, settings, now))
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
        CanYield(wanted, runners, settings)
            .Where(live => Stay.ClosesAt(live, wanted, settings, now) <= now)
            .MinBy(live => (!live.IsBackground(settings, now), live.InFlight, live.LastUsed + live.LoadTime, live.Id.Value));

    /// <summary>
    /// The busy runners that can yield now or later; none while one yields already. A runner that has a waiting request before those of the
    /// wanted one serves it first. A runner with requests that outlasted its last yield is left out: it would refuse new requests without any
    /// gain. So is one that uses nothing of what is missing.
    /// </summary>
    public static IEnumerable<ManagedRunnerState> CanYield(ManagedRunnerState wanted, ManagedRunners runners, SchedulerSettings settings)
    {
        if (runners.Live.Any(static live => live.Draining is not null || live.State == RunnerState.Stopping))
            return [];
        var use = new CapacityUse(runners.Live.Where(static live => !live.IsIdle || live.IsPinned));
        bool isPartial = IsPartial(wanted, runners, settings);
        return runners.Live.Where(live => live is { State: RunnerState.Ready, InFlight: > 0, Outlasting: 0, IsPinned: false }
            && (live.Waiting.First is not { } first || wanted.Waiting.First!.Value.Precedes(first.Value))
            && Frees(live, wanted, use, settings, isPartial));
    }

    /// <summary>The idle runners that are not pinned, in no order.</summary>
    public static IEnumerable<ManagedRunnerState> Evictable(IEnumerable<ManagedRunnerState> live) =>
        live.Where(static runner => runner.IsIdle && !runner.IsPinned);

    /// <summary>Whether the model gets only a part of the cards: its engine allows that, and the whole can never fit.</summary>
    public static bool IsPartial(ManagedRunnerState wanted, ManagedRunners runners, SchedulerSettings settings)
    {
        if (wanted.Demand.Cards?.Margin is null)
            return false;
        return CardPlacement.Of(wanted.Demand.Cards, settings.CardBudgets, new CapacityUse(Pinned(runners)).On, isPartial: false) is null;
    }

    private static List<ManagedRunnerState> Staying(ManagedRunners runners) => [.. runners.Live.Where(static live => live.State != RunnerState.Stopping)];

    // Background, then the one that is needed least, then the last use. A single candidate needs no comparison.
    private static IEnumerable<ManagedRunnerState> EvictionOrder(
        List<ManagedRunnerState> candidates, ManagedRunners runners, SchedulerSettings settings, TimeSpan now) => candidates.Count < 2
        ? candidates
        : candidates
            .OrderBy(live => !live.IsBackground(settings, now))
            .ThenBy(live => StepOf(runners.WorthOf(live, now)))
            .ThenBy(static live => live.LastUsed + live.ReloadTime)
            .ThenBy(static live => live.Id.Value);

    // A step is the square root of 2. Smaller differences are chance, so the last use decides.
    private static double StepOf(double worth) => worth > 0 ? Math.Round(2 * Math.Log2(worth)) : double.MinValue;

    // The last one was needed. Of the others, those that were used last stay if the rest is enough.
    private static void Spare(
        List<ManagedRunnerState> victims, ManagedRunnerState wanted, CapacityUse use, SchedulerSettings settings, bool isPartial)
    {
        for (int i = victims.Count - 2; i >= 0; i--)
        {
            use.Restore(victims[i]);
            if (Fits(wanted, use, settings, isPartial))
                victims.RemoveAt(i);
            else
                use.Remove(victims[i]);
        }
    }

    // If only a card is too full, a runner that does not use it must not yield.
    private static bool Frees(ManagedRunnerState live, ManagedRunnerState wanted, CapacityUse use, SchedulerSettings settings, bool isPartial)
    {
        if (wanted.Demand.Cards is not { } cards || !Fits(wanted, use, settings with { CardBudgets = null }, isPartial))
            return true;

        // What does not fit on the cards needs main memory, which every runner has.
        if (CardPlacement.Of(cards, settings.CardBudgets, use.On, isPartial) is { SpilledBytes: > 0 } && !Fits(wanted, use, settings, isPartial))
            return true;
        return live.Cards.Any(share => cards.CardNames.Contains(share.Card, StringComparer.Ordinal));
    }

    // For messages, and for a start without limits on cards: what does not fit is counted all the same.
    private static CardPlacement PlaceAtMost(ManagedRunnerState wanted, CapacityUse use, SchedulerSettings settings, bool isPartial) =>
        CardPlacement.Of(wanted.Demand.Cards, settings.CardBudgets, use.On, isPartial)
        ?? CardPlacement.Of(wanted.Demand.Cards, budgets: null, use.On, isPartial) ?? CardPlacement.None;

    private static CardReading ReadCard(string card, CardPlacement placement, CapacityUse use, SchedulerSettings settings) => new(
        card, placement.Cards.FirstOrDefault(share => share.Card == card).Bytes, use.On(card),
        settings.CardBudgets?.TryGetValue(card, out long budget) is true ? budget : null);

    private static bool Fits(ManagedRunnerState wanted, CapacityUse use, SchedulerSettings settings, bool isPartial) =>
        use.Count < settings.MaxRunners
        && CardPlacement.Of(wanted.Demand.Cards, settings.CardBudgets, use.On, isPartial) is { } placement
        && (settings.MemoryBudgetBytes is not { } budget || use.Bytes <= budget - wanted.MemoryBytes - placement.SpilledBytes);
}
