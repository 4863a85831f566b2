using System.Collections.Frozen;
using ModelRunner.Linux.Graphics;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Measures what the processes of managed runners use, adds the processor time to their accounts, and keeps the most memory of each.
/// Thread-safe. A measurement reads two files in <c>/proc</c> for each process. All of <c>/proc</c> is read for the children of runners, and
/// descriptors are counted, only when a runner has started, and otherwise once in <see cref="MaxAge"/>. The memory of graphics cards is what
/// <see cref="GraphicsMeter"/> has read before.
/// </summary>
/// <param name="live">The live runners.</param>
/// <param name="graphics">Reads the memory of graphics cards.</param>
/// <param name="time">The clock.</param>
internal sealed class UsageMeter(LiveRunners live, GraphicsMeter graphics, TimeProvider time)
{
    /// <summary>No runner has a process.</summary>
    public static readonly IReadOnlyDictionary<RunnerId, RunnerUsage> Nothing = FrozenDictionary<RunnerId, RunnerUsage>.Empty;

    /// <summary>How long the list of processes and the numbers of descriptors are reused.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private Task<IReadOnlyDictionary<RunnerId, RunnerUsage>> _measuring = Task.FromResult(Nothing);

    // Only the measurement that is running uses these.
    private Dictionary<RunnerId, Family> _families = [];
    private long _listedAt;

    /// <summary>The graphics cards and their memory, while there are runners; empty if it is unknown.</summary>
    public IReadOnlyList<CardMemory> Cards => graphics.Latest.Cards;

    /// <summary>
    /// Measures on another thread what each runner uses whose process has not ended. Calls that overlap share one measurement.
    /// </summary>
    /// <param name="mayRelist">Whether all of <c>/proc</c> may be read because the list of processes is old.</param>
    public Task<IReadOnlyDictionary<RunnerId, RunnerUsage>> MeasureAsync(bool mayRelist = true)
    {
        lock (_lock)
        {
            if (_measuring.IsCompleted)
            {
                _measuring = live.Managed.Count == 0
                    ? Task.FromResult(Nothing)
                    : Task.Run<IReadOnlyDictionary<RunnerId, RunnerUsage>>(() => Measure(mayRelist));
            }

            ReleaseUnused();
            return _measuring;
        }
    }

    /// <summary>
    /// Releases the drivers of graphics cards if there is no runner. Returns at once. A measurement that is running does this again at its end,
    /// because it may have connected to a driver after the last runner had ended.
    /// </summary>
    public void ReleaseUnused()
    {
        if (live.Managed.Count == 0)
            graphics.Release();
    }

    private Dictionary<RunnerId, RunnerUsage> Measure(bool mayRelist)
    {
        List<LiveRunner> runners = [.. live.Managed.Where(static runner => runner.Process is { ProcessId: not null, Exited.IsCompleted: false })];
        if ((mayRelist && time.GetElapsedTime(_listedAt) >= MaxAge) || runners.Exists(runner => !_families.ContainsKey(runner.Id)))
            ListFamilies(runners);

        graphics.Refresh([.. _families.Values.SelectMany(static family => family.Members).Select(static member => member.Id)]);
        GraphicsReading cards = graphics.Latest;
        var usages = new Dictionary<RunnerId, RunnerUsage>();
        foreach (LiveRunner runner in runners)
        {
            if (_families.TryGetValue(runner.Id, out Family? family) && Measure(family) is { } sum)
            {
                IReadOnlyCollection<KeyValuePair<string, long>> graphicsBytes = cards.Of(family.Members.Select(static member => member.Id));
                var usage = new RunnerUsage(sum.ResidentBytes, family.OpenDescriptors, graphicsBytes);
                usages.Add(runner.Id, usage);
                if (runner.IsReady)
                    runner.Memory?.Measure(usage, runner.HasServed);
                runner.Account?.Measure(runner.Id, sum.CpuTime);
            }
        }

        ReleaseUnused();
        return usages;
    }

    private void ListFamilies(List<LiveRunner> runners)
    {
        Dictionary<int, List<ProcessEntry>> found = ProcessList.FindFamilies([.. runners.Select(static runner => runner.Process!.ProcessId!.Value)]);
        _families = [];
        foreach (LiveRunner runner in runners)
        {
            // If the process of the runner has ended meanwhile, another one may have its id.
            int leader = runner.Process!.ProcessId!.Value;
            if (!found.TryGetValue(leader, out List<ProcessEntry>? members)
                || !members.Exists(member => member.Id == leader && member.StartTime == (runner.Process.ProcessStartTime ?? member.StartTime)))
            {
                continue;
            }

            int?[] descriptors = [.. members.Select(static member => ProcessList.CountDescriptors(member.Id))];
            _families.Add(runner.Id, new Family(leader, members, descriptors.Contains(null) ? null : descriptors.Sum()));
        }

        _listedAt = time.GetTimestamp();
    }

    /// <summary>The sum over the processes; null if the leader has ended.</summary>
    private static ProcessFigures? Measure(Family family)
    {
        bool isAlive = false;
        var sum = new ProcessFigures();
        foreach (ProcessEntry member in family.Members)
        {
            if (ProcessList.FindFigures(member.Id) is not { } figures || figures.StartTime != member.StartTime)
                continue;
            isAlive |= member.Id == family.Leader;
            sum = sum with { ResidentBytes = sum.ResidentBytes + figures.ResidentBytes, CpuTime = sum.CpuTime + figures.CpuTime };
        }

        return isAlive ? sum : null;
    }

    private sealed record Family(int Leader, IReadOnlyList<ProcessEntry> Members, int? OpenDescriptors);
}
