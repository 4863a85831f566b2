using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>What a runner for a request would need, from the header of its model and from what was measured of earlier loads. Thread-safe.</summary>
/// <param name="peaks">The memory that was measured.</param>
internal sealed class RunnerDemands(MemoryPeaks peaks)
{
    public RunnerDemand Of(ModelEntry model, RunnerMode mode) => Estimate(model, mode) with
    {
        Priority = model.Settings.Priority,
        Concurrency = model.Settings.Concurrency,
    };

    private RunnerDemand Estimate(ModelEntry model, RunnerMode mode)
    {
        if (!model.Memory.TryGetValue(mode, out MemoryEstimate? estimate))
            return new RunnerDemand(0, model.Settings.KeepAlive);
        CorrectedMemory memory = CorrectedMemory.Of(estimate, MemoryKey.Of(model, mode) is { } key ? peaks.Find(key) : []);
        return new RunnerDemand(memory.Bytes, model.Settings.KeepAlive) { LeastBytes = memory.LeastBytes, MeasuredLoads = memory.Loads };
    }
}
