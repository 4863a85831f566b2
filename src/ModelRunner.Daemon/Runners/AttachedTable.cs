using ModelRunner.Configuration;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// The attached runners of the settings. A runner is known by its key and replica: while its settings stay the same, its identity, endpoint and
/// connections stay too, whatever else changes. A changed runner is a new one. Immutable.
/// </summary>
internal sealed class AttachedTable
{
    private readonly Dictionary<(RunnerKey Key, string? Replica), (AttachedRunnerSettings Settings, LiveRunner Runner)> _runners = [];
    private readonly HashSet<RunnerKey> _keys = [];
    private readonly Dictionary<(string Model, RunnerMode Mode), string> _backends = [];
    private readonly long _lastId;

    /// <param name="settings">The attached runners, each with its own key and replica.</param>
    /// <param name="previous">The table before the change; null: there is none.</param>
    /// <param name="createTally">Creates the object that compares the counters of a new runner.</param>
    public AttachedTable(
        IReadOnlyList<AttachedRunnerSettings> settings, AttachedTable? previous, Func<RunnerKey, RunnerTally>? createTally = null)
    {
        _lastId = previous?._lastId ?? 0;
        foreach (AttachedRunnerSettings runner in settings)
        {
            var key = new RunnerKey(runner.Backend, runner.Model, runner.Mode);
            _runners[(key, runner.Replica)] = (runner, previous?.Find(key, runner) ?? Create(new RunnerId(--_lastId), runner, createTally?.Invoke(key)));
            _keys.Add(key);
            _backends.TryAdd((key.Model, key.Mode), key.Backend);
        }

        MarkShared(settings);
    }

    /// <summary>The runners with their endpoints.</summary>
    public IReadOnlyList<LiveRunner> Live => [.. _runners.Values.Select(static runner => runner.Runner)];

    /// <summary>The runners for the scheduler.</summary>
    public IReadOnlyList<AttachedRunner> Keys => [.. _runners.Select(static runner => new AttachedRunner(runner.Value.Runner.Id, runner.Key.Key))];

    /// <summary>Whether an attached runner serves this key.</summary>
    public bool Contains(RunnerKey key) => _keys.Contains(key);

    /// <summary>The backend of the first attached runner of a model in a mode; null if there is none.</summary>
    public string? BackendOf(string model, RunnerMode mode) => _backends.GetValueOrDefault((model, mode));

    private LiveRunner? Find(RunnerKey key, AttachedRunnerSettings settings) =>
        _runners.TryGetValue((key, settings.Replica), out (AttachedRunnerSettings Settings, LiveRunner Runner) known) && known.Settings.IsSameAs(settings)
            ? known.Runner
            : null;

    private static LiveRunner Create(RunnerId id, AttachedRunnerSettings settings, RunnerTally? tally) =>
        new(id, RunnerEndpointFactory.ForAttached(id, settings), process: null, settings.Replica) { Tally = tally };

    // The counters of a server contain the requests for all attached runners that it is.
    private void MarkShared(IReadOnlyList<AttachedRunnerSettings> settings)
    {
        foreach (IGrouping<string, AttachedRunnerSettings> server in settings.GroupBy(ServerIdentity.Of, StringComparer.Ordinal))
        {
            bool isShared = server.Skip(1).Any();
            foreach (AttachedRunnerSettings runner in server)
                _runners[(new RunnerKey(runner.Backend, runner.Model, runner.Mode), runner.Replica)].Runner.Tally?.IsShared = isShared;
        }
    }
}
