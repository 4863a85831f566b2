using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>What a runner for a request would need, from the header of its model and from what was measured of earlier loads. Thread-safe.</summary>
/// <param name="peaks">The memory that was measured.</param>
/// <param name="cards">Returns the graphics cards by the names of the engine's devices, or null if they are not known; null: there are none.</param>
internal sealed class RunnerDemands(MemoryPeaks peaks, Func<IReadOnlyDictionary<string, string>?>? cards = null)
{
    public RunnerDemand Of(ModelEntry model, RunnerMode mode) => Estimate(model, mode) with
    {
        Priority = model.Settings.Priority,
        Concurrency = model.Settings.Concurrency,
        Queue = model.Settings.Queue,
    };

    /// <summary>The part of the estimate that counts as main memory, before it is corrected.</summary>
    public long MainMemoryOf(ModelEntry model, RunnerMode mode) => model.Memory.TryGetValue(mode, out MemoryEstimate? estimate)
        ? (CardsOf(estimate) is null ? estimate : estimate.BesideCards()).Total
        : model.Settings.MemoryBytes ?? 0;

    /// <summary>The graphics cards that an estimate needs, by the names of the devices; null: none, or they are not known.</summary>
    public IReadOnlyDictionary<string, string>? CardsOf(MemoryEstimate estimate) =>
        estimate.Graphics is { } graphics && cards?.Invoke() is { } known && graphics.Offload.Devices.All(known.ContainsKey) ? known : null;

    private RunnerDemand Estimate(ModelEntry model, RunnerMode mode)
    {
        IReadOnlyList<LoadPeak> loads = MemoryKey.Of(model, mode) is { } key ? peaks.Find(key) : [];
        if (!model.Memory.TryGetValue(mode, out MemoryEstimate? estimate))
        {
            var known = CorrectedMemory.Of(model.Settings.MemoryBytes ?? 0, loads);
            return new RunnerDemand(known.Bytes, model.Settings.KeepAlive) { LeastBytes = known.LeastBytes, MeasuredLoads = known.Loads };
        }

        IReadOnlyDictionary<string, string>? devices = CardsOf(estimate);
        CorrectedMemory memory = CorrectedMemory.Of(devices is null ? estimate : estimate.BesideCards(), loads);
        var demand = new RunnerDemand(memory.Bytes, model.Settings.KeepAlive) { LeastBytes = memory.LeastBytes, MeasuredLoads = memory.Loads };
        if (devices is null)
            return demand;
        CorrectedMemory graphics = CorrectedMemory.Of(estimate.Graphics!, loads);
        return demand with { Cards = estimate.Graphics!.DemandOn(device => devices[device], graphics.Bytes, graphics.LeastBytes) };
    }
}
