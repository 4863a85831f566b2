using System.Diagnostics;
using System.Diagnostics.Metrics;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Export;

/// <summary>The instruments of the present state. They read the same state as the page, each time a report is made.</summary>
internal sealed class StateInstruments : IDisposable
{
    private readonly Meter _meter = new(OtelNames.Service, BuildInformation.Version);
    private readonly RunnerPool _pool;
    private readonly RequestAccounts _accounts;

    public StateInstruments(RunnerPool pool, RequestAccounts accounts)
    {
        (_pool, _accounts) = (pool, accounts);
        _meter.CreateObservableUpDownCounter(
            "model_runner.requests_in_flight", ReadInFlight, "{request}", "Inference requests that have not ended, waiting ones included");
        _meter.CreateObservableUpDownCounter(
            "model_runner.requests_queued", ReadQueued, "{request}", "Inference requests that wait for a runner");
        _meter.CreateObservableUpDownCounter(
            "model_runner.runners", ReadRunners, "{runner}", "Runners by state; attached ones count as ready");
        _meter.CreateObservableGauge(
            "model_runner.runner_state", ReadStates, unit: null, "1 for the state that the runner is in, else 0; attached runners have none");
        _meter.CreateObservableGauge(
            "model_runner.memory_estimate", ReadEstimates, "By", "Memory that the daemon expects the runner to use, and reserves for it");
        _meter.CreateObservableGauge(
            "model_runner.resident_memory", ReadMemory, "By", "Resident memory of the runner's processes, mapped files included");
        _meter.CreateObservableGauge(
            "model_runner.process_resident_memory", static () => ProcessMetrics.ReadResidentBytes() ?? Environment.WorkingSet, "By",
            "Resident memory of the daemon, without its runners");
    }

    public void Dispose() => _meter.Dispose();

    private IEnumerable<Measurement<long>> ReadInFlight()
    {
        foreach (ModelAccount account in _accounts.Table.Models)
            yield return new Measurement<long>(account.InFlight, RequestInstruments.LabelsOf(AccountName.Of(account.Key)));
    }

    private IEnumerable<Measurement<long>> ReadQueued()
    {
        foreach (ModelAccount account in _accounts.Table.Models)
            yield return new Measurement<long>(account.Queued, RequestInstruments.LabelsOf(AccountName.Of(account.Key)));
    }

    private IEnumerable<Measurement<long>> ReadRunners()
    {
        IReadOnlyList<RunnerSnapshot> runners = _pool.Runners;
        foreach (RunnerState state in RunnerStateNames.Shown)
        {
            int count = runners.Count(runner => runner.State == state);
            yield return new Measurement<long>(count, new KeyValuePair<string, object?>("state", state.ToLabelValue()));
        }
    }

    private IEnumerable<Measurement<long>> ReadStates()
    {
        foreach (RunnerSnapshot runner in _pool.Runners.Where(static runner => !runner.IsAttached))
            foreach (RunnerState state in RunnerStateNames.Shown)
                yield return new Measurement<long>(runner.State == state ? 1 : 0, [.. LabelsOf(runner), new("state", state.ToLabelValue())]);
    }

    private IEnumerable<Measurement<long>> ReadEstimates()
    {
        foreach (RunnerSnapshot runner in _pool.Runners)
            if (runner is { StartedAt: not null, MemoryBytes: > 0 and var bytes })
                yield return new Measurement<long>(bytes, LabelsOf(runner));
    }

    // The thread of the exporter may wait: nothing else runs on it.
    private IEnumerable<Measurement<long>> ReadMemory()
    {
        IReadOnlyDictionary<RunnerId, RunnerUsage> usages = _pool.Usage.MeasureAsync().GetAwaiter().GetResult();
        foreach (RunnerSnapshot runner in _pool.Runners)
            if (usages.TryGetValue(runner.Id, out RunnerUsage usage))
                yield return new Measurement<long>(usage.ResidentBytes, LabelsOf(runner));
    }

    private static TagList LabelsOf(RunnerSnapshot runner)
    {
        TagList labels = RequestInstruments.LabelsOf(AccountName.Of(runner.Key));
        if (runner.Replica is { } replica)
            labels.Add("replica", replica);
        return labels;
    }
}
