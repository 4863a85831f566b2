using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>The runners that can be reached or are starting, by identity. Used only by the scheduler loop, except where noted.</summary>
internal sealed class LiveRunners
{
    private readonly Dictionary<RunnerId, LiveRunner> _byId = [];
    private readonly List<LiveRunner> _removed = [];
    private readonly Lock _lock = new();
    private IReadOnlyList<LiveRunner> _attached = [];
    private volatile IReadOnlyList<LiveRunner> _managed = [];

    /// <summary>The managed runners. Thread-safe: an immutable list.</summary>
    public IReadOnlyList<LiveRunner> Managed => _managed;

    /// <summary>The managed and the attached runners. Thread-safe: an immutable list.</summary>
    public IReadOnlyList<LiveRunner> Reachable
    {
        get
        {
            lock (_lock)
                return [.. _managed, .. _attached];
        }
    }

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

    /// <summary>Aborts the requests on attached runners, also on removed ones, because the daemon ends. Thread-safe.</summary>
    public Task CutAttachedAsync()
    {
        lock (_lock)
            return Task.WhenAll([.. _attached.Concat(_removed).Select(static runner => runner.CutAsync(reason: StopReason.Shutdown))]);
    }

    /// <summary>The process IDs of the managed runners that have not ended.</summary>
    public IEnumerable<int> Processes => _byId.Values
        .Where(static runner => runner.Process is { Exited.IsCompleted: false })
        .Select(static runner => runner.Process!.ProcessId)
        .OfType<int>();

    /// <summary>Adds a managed runner.</summary>
    public void Add(LiveRunner runner)
    {
        _byId.Add(runner.Id, runner);
        _managed = [.. _managed, runner];
    }

    public LiveRunner? Find(RunnerId id) => _byId.GetValueOrDefault(id);

    /// <summary>Removes a managed runner.</summary>
    public void Remove(RunnerId id)
    {
        _byId.Remove(id);
        _managed = [.. _managed.Where(runner => runner.Id != id)];
    }
}
