namespace ModelRunner.Scheduling;

/// <summary>All managed keys that have a process, a waiting request or a failure. Not thread-safe.</summary>
internal sealed class ManagedRunners
{
    private readonly Dictionary<RunnerKey, ManagedRunnerState> _byKey = [];
    private readonly Dictionary<RunnerId, ManagedRunnerState> _byId = [];

    /// <summary>What the last requests say about the next ones.</summary>
    public UsePattern Pattern { get; } = new();

    /// <summary>When the last of the loaded models was loaded.</summary>
    public TimeSpan LastReady =>
        _byId.Values.Where(static live => live.State == RunnerState.Ready).Select(static live => live.ReadySince).DefaultIfEmpty().Max();

    public IReadOnlyCollection<ManagedRunnerState> All => _byKey.Values;

    public IEnumerable<ManagedRunnerState> Live => _byId.Values;

    public int LiveCount => _byId.Count;

    /// <summary>How soon the loaded model is needed again, in proportion to what its load would cost. Zero: nothing is known.</summary>
    public double WorthOf(ManagedRunnerState live, TimeSpan now) => live.ReloadTime.TotalSeconds
        * Pattern.NeedOf(live.Key, _byKey.Values.Select(static runner => (runner.Key, runner.InFlight + runner.Waiting.Count)), now);

    public ManagedRunnerState GetOrAdd(RunnerKey key)
    {
        if (!_byKey.TryGetValue(key, out ManagedRunnerState? runner))
            _byKey.Add(key, runner = new ManagedRunnerState(key));
        return runner;
    }

    public ManagedRunnerState? Find(RunnerKey key) => _byKey.GetValueOrDefault(key);

    /// <summary>The runner with this start; null if its process has ended, so that late events are ignored.</summary>
    public ManagedRunnerState? FindLive(RunnerId id) => _byId.GetValueOrDefault(id);

    public void Begin(ManagedRunnerState runner, RunnerId id, TimeSpan now)
    {
        runner.Id = id;
        runner.StartedAt = now;
        runner.Collated = 0;
        runner.LastInteractive = null;
        runner.State = RunnerState.Loading;
        runner.LastUsed = null;
        runner.Draining = null;
        runner.DrainEnds = null;
        runner.UnloadedBy = null;
        runner.FailedYields = 0;
        runner.IsBeingChecked = false;
        runner.HasServed = false;
        runner.StopFailure = null;
        _byId.Add(id, runner);
    }

    /// <summary>Called when the process has ended.</summary>
    public void End(ManagedRunnerState runner)
    {
        _byId.Remove(runner.Id);
        runner.State = runner.Failure is null ? null : RunnerState.Failed;
        runner.InFlight = 0;
        runner.InteractiveInFlight = 0;
        runner.Outlasting = 0;
        runner.Outdated = null;
        runner.Draining = null;
        runner.DrainEnds = null;
    }

    /// <summary>Removes a key that has no process, no request and no failure.</summary>
    public void ForgetIfEmpty(ManagedRunnerState runner)
    {
        if (runner.State is null && runner.Waiting.Count == 0)
            _byKey.Remove(runner.Key);
    }
}
