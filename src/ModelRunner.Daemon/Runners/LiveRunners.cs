using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>The runners that can be reached or are starting, by identity. Used only by the scheduler loop, except where noted.</summary>
internal sealed class LiveRunners
{
    private readonly Dictionary<RunnerId, LiveRunner> _byId = [];
    private readonly List<LiveRunner> _removed = [];
    private readonly Lock _lock = new();
    private IReadOnlyList<LiveRunner> _attached = [];

    /// <summary>
    /// Replaces the attached runners. Requests on removed ones continue. Runners of the list that are in use already stay as they are.
    /// </summary>
    public void Attach(IReadOnlyList<LiveRunner> runners)
    {
        lock (_lock)
        {
            _removed.RemoveAll(static runner => !runner.IsInUse);
            _removed.AddRange(_attached.Except(runners));
            _attached = runners;
        }

        foreach (LiveRunner runner in _removed)
            _byId.Remove(runner.Id);
        foreach (LiveRunner runner in runners)
            _byId[runner.Id] = runner;
    }

    /// <summary>Aborts the requests on attached runners, also on removed ones. Thread-safe.</summary>
    public Task CutAttachedAsync()
    {
        lock (_lock)
            return Task.WhenAll([.. _attached.Concat(_removed).Select(static runner => runner.CutAsync())]);
    }

    /// <summary>The process IDs of the managed runners that have not ended.</summary>
    public IEnumerable<int> Processes => _byId.Values
        .Where(static runner => runner.Process is { Exited.IsCompleted: false })
        .Select(static runner => runner.Process!.ProcessId)
        .OfType<int>();

    public LiveRunner Add(RunnerId id, IManagedRunner process)
    {
        var runner = new LiveRunner(id, process.Endpoint, process, replica: null);
        _byId.Add(id, runner);
        return runner;
    }

    public LiveRunner? Find(RunnerId id) => _byId.GetValueOrDefault(id);

    public void Remove(RunnerId id) => _byId.Remove(id);
}
