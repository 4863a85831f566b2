using ModelRunner.Configuration;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>The runners that can be reached or are starting, by identity. Used only by the scheduler loop, except where noted.</summary>
internal sealed class LiveRunners
{
    private readonly List<LiveRunner> _attached = [];
    private readonly Dictionary<RunnerId, LiveRunner> _byId = [];

    public LiveRunners(IReadOnlyList<AttachedRunnerSettings> attached)
    {
        List<AttachedRunner> keys = [];
        foreach (AttachedRunnerSettings settings in attached)
        {
            var id = new RunnerId(-1 - keys.Count);
            RunnerEndpoint endpoint = RunnerEndpointFactory.ForAttached(id, settings);
            keys.Add(new AttachedRunner(id, new RunnerKey(settings.Backend, settings.Model, settings.Mode)));
            var runner = new LiveRunner(id, endpoint, process: null, settings.Replica);
            _byId.Add(id, runner);
            _attached.Add(runner);
        }

        Attached = keys;
    }

    /// <summary>The attached runners. The list never changes.</summary>
    public IReadOnlyList<AttachedRunner> Attached { get; }

    /// <summary>Aborts the requests on attached runners. Thread-safe.</summary>
    public Task CutAttachedAsync() => Task.WhenAll(_attached.Select(static runner => runner.CutAsync()));

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
