using ModelRunner.Configuration;
using ModelRunner.Linux.Graphics;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Measures what all runners may use of each graphics card. Only the scheduler loop measures, before each event that may start a runner; the other
/// members are thread-safe.
/// </summary>
/// <param name="live">The live runners.</param>
/// <param name="graphics">Reads the cards.</param>
/// <param name="time">The clock.</param>
internal sealed class CardMeter(LiveRunners live, GraphicsMeter graphics, TimeProvider time)
{
    /// <summary>How long a decision waits for a driver. The first connection to one may take most of it.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private volatile IReadOnlyList<IReadOnlyList<EngineDevice>> _devices = [];
    private volatile IReadOnlyDictionary<string, string>? _map;
    private volatile bool _isChanged;
    private (IReadOnlyDictionary<string, long>? Budgets, long At)? _last;
    private readonly Dictionary<string, long> _usedBeforeLoads = new(StringComparer.Ordinal);

    /// <summary>Whether the engine can use a card, so that decisions need a measurement.</summary>
    public bool IsUsed => _devices.Count > 0;

    /// <summary>The cards by the names of the engine's devices; null: they are not known.</summary>
    public IReadOnlyDictionary<string, string>? Cards => _map;

    /// <summary>The devices of the engines are these.</summary>
    public void Configure(IReadOnlyList<IReadOnlyList<EngineDevice>> devices) => (_devices, _map, _isChanged) = (devices, null, true);

    /// <summary>What all runners may use of each card: what is free, and what they hold.</summary>
    /// <param name="schedulerEvent">The event that needs it.</param>
    /// <param name="runners">All runners before the event.</param>
    public async Task<CardsMeasured> MeasureAsync(SchedulerEvent schedulerEvent, IReadOnlyList<RunnerSnapshot> runners)
    {
        bool isOld = _last is not { } last || schedulerEvent is RunnerExited or RunnerFailed || time.GetElapsedTime(last.At) >= MemoryMeter.MaxAge;
        if (isOld || _isChanged)
        {
            _isChanged = false;
            _last = (await ReadAsync(runners), time.GetTimestamp());
        }

        return new CardsMeasured(_last!.Value.Budgets);
    }

    /// <summary>Releases the drivers if there is no runner.</summary>
    public void ReleaseUnused()
    {
        if (IsUsed && live.Managed.Count == 0)
            graphics.Release();
    }

    private async Task<IReadOnlyDictionary<string, long>?> ReadAsync(IReadOnlyList<RunnerSnapshot> runners)
    {
        IReadOnlyList<IReadOnlyList<EngineDevice>> devices = _devices;
        (int[] all, int[] placed) = FindProcesses(runners);
        if (await graphics.ReadAsync(all, Patience) is not { Cards.Count: > 0 } reading)
            return null;
        IReadOnlyDictionary<string, string>? map = CardMap.MatchAll(devices, reading.Cards, CardMap.HasChoice);

        // Other settings may have come meanwhile; the next measurement is for them.
        if (ReferenceEquals(devices, _devices))
            _map = map;
        if (map is null)
            return null;

        Dictionary<string, long> held = reading.Of(placed).ToDictionary(static card => card.Key, static card => card.Value, StringComparer.Ordinal);
        var budgets = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (CardMemory card in reading.Cards.Where(card => map.Values.Contains(card.Card, StringComparer.Ordinal)))
        {
            // Drivers do not tell in every container what a process uses. Then it is what was reserved.
            long own = held.Count > 0 ? held.GetValueOrDefault(card.Card) : HeldOn(card, runners);
            budgets[card.Card] = Math.Max(0, card.TotalBytes - card.UsedBytes + Math.Min(own, card.UsedBytes));
        }

        return budgets;
    }

    // The processes of all runners, and of those that have reserved something on a card. What others use there is not for runners.
    private (int[] All, int[] Placed) FindProcesses(IReadOnlyList<RunnerSnapshot> runners)
    {
        Dictionary<int, List<ProcessEntry>> families = ProcessList.FindFamilies([.. live.Processes]);
        HashSet<int> leaders = [.. runners.Where(static runner => runner.Cards.Count > 0).Select(static runner => runner.ProcessId).OfType<int>()];
        return (
            [.. families.Values.SelectMany(static family => family).Select(static process => process.Id)],
            [.. families.Where(family => leaders.Contains(family.Key)).SelectMany(static family => family.Value).Select(static process => process.Id)]);
    }

    // A runner that loads has not allocated all of it yet: it holds at most what the use of the card has grown by since the last
    // measurement without a loading runner.
    private long HeldOn(CardMemory card, IReadOnlyList<RunnerSnapshot> runners)
    {
        long loading = ReservedOn(card.Card, runners, static state => state == RunnerState.Loading);
        if (loading == 0)
            _usedBeforeLoads[card.Card] = card.UsedBytes;
        long grown = Math.Max(0, card.UsedBytes - _usedBeforeLoads.GetValueOrDefault(card.Card, card.UsedBytes));
        return ReservedOn(card.Card, runners, static state => state is RunnerState.Ready or RunnerState.Stopping) + Math.Min(grown, loading);
    }

    private static long ReservedOn(string card, IReadOnlyList<RunnerSnapshot> runners, Func<RunnerState, bool> matches) => runners
        .Where(runner => matches(runner.State)).SelectMany(static runner => runner.Cards)
        .Where(share => share.Card == card).Sum(static share => share.Bytes);
}
