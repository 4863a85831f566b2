using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Daemon.Models;
using ModelRunner.Linux.Graphics;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// All runners: the interface of the scheduler loop for the rest of the daemon. Thread-safe. Reading <see cref="Runners"/> never waits.
/// </summary>
internal sealed class RunnerPool : IAsyncDisposable
{
    private const string Unreachable = "its socket accepted no more connections, and it was stopped";

    private readonly Lazy<Task> _ending;
    private readonly CancellationTokenSource _drainEnded = new();
    private readonly LiveRunners _live;
    private readonly SchedulerLoop _loop;
    private readonly UsageTimer? _usageTimer;
    private readonly StallWatch _stalls;
    private readonly CardMeter _cards;
    private readonly IRunnerLauncher _launcher;
    private readonly TimeProvider _time;
    private readonly RequestAccounts? _requests;
    private volatile RunnerSettings _settings;
    private volatile AttachedTable _attached;
    private long _lastRequest;
    private long _lastUnload;

    /// <param name="settings">The limits and the attached runners.</param>
    /// <param name="launcher">Starts runners.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log of decisions.</param>
    /// <param name="readMemory">Reads the memory budget if the settings have no limit; null: the budget of the machine.</param>
    /// <param name="accounts">Counts loads and processor time; null: a new object does.</param>
    /// <param name="requests">Counts requests and what runners counted differently; null: nothing does.</param>
    /// <param name="ledger">Stores the starts of runners and what is counted of them; null: it is only counted.</param>
    public RunnerPool(
        DaemonSettings settings, IRunnerLauncher launcher, TimeProvider time, ILogger<RunnerPool> logger,
        Func<IReadOnlyCollection<int>, long?>? readMemory = null, RunnerAccounts? accounts = null,
        RequestAccounts? requests = null, RequestLedger? ledger = null)
    {
        (_settings, _launcher, _time) = (settings.Runners, launcher, time);
        _ending = new Lazy<Task>(EndAsync);
        _live = new LiveRunners();
        _requests = requests;
        _attached = new AttachedTable(settings.AttachedRunners, previous: null, CreateTally);
        _live.Attach(_attached.Live);
        var memory = new MemoryMeter(_live, time, readMemory ?? MachineMemory.ReadAvailableTo);
        var cards = GraphicsMemory.OfMachine();
        var graphics = new GraphicsMeter(cards.Read, cards.Release, time, logger);
        Usage = new UsageMeter(_live, graphics, time);
        _cards = new CardMeter(_live, graphics, time);
        _cards.Configure(settings.Runners.DeviceLists);
        Accounts = accounts ?? new RunnerAccounts(settings.Metrics.MaxModels);
        _usageTimer = ledger is null ? null : new UsageTimer(_live, Usage, ledger, time);
        _loop = new SchedulerLoop(
            MakeSchedulerSettings(settings.Runners, _attached.Keys), _live, launcher, memory, Accounts, time, logger, requests, ledger, _usageTimer,
            _cards);
        _stalls = new StallWatch(_live, () => _settings, _loop.Post, logger, time);
    }

    /// <summary>All runners after the last event, in order of backend, model, mode and identity. An immutable snapshot.</summary>
    public IReadOnlyList<RunnerSnapshot> Runners => _loop.Snapshot;

    /// <summary>The latest decisions about runners.</summary>
    public DecisionLog Decisions => _loop.Decisions;

    /// <summary>The loads and requests of the last minutes.</summary>
    public LoadRatio LoadRatio => _loop.LoadRatio;

    /// <summary>What the runners write.</summary>
    public RunnerLogs Logs => _loop.Logs;

    /// <summary>The totals of loads, stops and processor time.</summary>
    public RunnerAccounts Accounts { get; }

    /// <summary>Measures what the processes of managed runners use.</summary>
    public UsageMeter Usage { get; }

    /// <summary>The engine of models that name none: <c>llama-server</c>, <c>llama-host</c>, or null if there is neither.</summary>
    public string? Engine => _launcher.Engine;

    /// <summary>What a request for this model in this mode is served by.</summary>
    /// <param name="backend">The backend of the route; null: any, with attached runners first.</param>
    /// <param name="model">The model.</param>
    /// <param name="mode">The kind of request.</param>
    public RunnerKey KeyOf(string? backend, ModelEntry model, RunnerMode mode) =>
        new(backend ?? _attached.BackendOf(model.Reference, mode) ?? model.Settings.Backend, model.Reference, mode);

    /// <summary>Waits until a runner serves a request. Starts one if needed.</summary>
    /// <param name="key">What the request is served by, from <see cref="KeyOf"/>.</param>
    /// <param name="model">The model.</param>
    /// <param name="clientLeft">Cancelled when the client disconnects. Then the call throws <see cref="OperationCanceledException"/>.</param>
    /// <param name="tried">Runners that could not be reached for this request before; null: none.</param>
    /// <param name="notice">Gets the place in the queue if the request must wait; null: nobody asks.</param>
    /// <param name="wishes">What the client says about the scheduling of its request.</param>
    public async Task<AcquireOutcome> AcquireAsync(
        RunnerKey key, ModelEntry model, CancellationToken clientLeft, IReadOnlyCollection<RunnerId>? tried = null, QueueNotice? notice = null,
        RequestWishes wishes = default)
    {
        var request = new PendingRequest(new RequestId(Interlocked.Increment(ref _lastRequest)), key, model) { Notice = notice, Wishes = wishes };
        if (CannotServe(key, model) is { } reason)
            return _loop.RefuseAtOnce(request, new Refuse(request.Id, RefusalReason.StartFailed, reason, RetryAfter: null));

        _loop.Begin(request, tried ?? []);
        await using CancellationTokenRegistration registration = clientLeft.UnsafeRegister(
            (_, token) =>
            {
                request.Cancel(token);
                _loop.Leave(request);
            },
            state: null);
        return await request.Outcome;
    }

    /// <summary>
    /// Replaces the limits and the attached runners. Running requests continue. A loaded runner of a changed model is stopped as soon as it is
    /// idle. Calls must not overlap.
    /// </summary>
    /// <param name="change">The change.</param>
    /// <param name="find">What a canonical reference means with the new settings; null: nothing.</param>
    public void Configure(SettingsChange change, Func<string, ModelSource?> find)
    {
        _settings = change.Next.Runners;
        if (!change.Next.Runners.HasSameDevicesAs(change.Previous.Runners))
            _cards.Configure(change.Next.Runners.DeviceLists);
        var attached = new AttachedTable(change.Next.AttachedRunners, _attached, CreateTally);
        _attached = attached;
        var models = new EffectiveSettings(change, Runners, find);
        var changed = new ConfigurationChanged(MakeSchedulerSettings(change.Next.Runners, attached.Keys))
        {
            OutdatedModels = models.FindOutdatedModels(),
            CurrentRunners = models.CurrentRunners,
            KeepAlive = models.KeepAlive,
            Concurrency = models.Concurrency,
            Queues = models.Queues,
        };
        _loop.Configure(changed, attached.Live);
    }

    /// <summary>Whether models that are loaded without a request are not started any more, because their starts failed.</summary>
    public bool HasGivenUp => _loop.HasGivenUp;

    /// <summary>Why models that should be loaded without a request are not started; one sentence for each.</summary>
    public IReadOnlyList<string> ResidentProblems => _loop.ResidentProblems;

    /// <summary>Replaces the models that are loaded without a request: now, and again whenever there is room and no request waits.</summary>
    /// <param name="residents">The models.</param>
    /// <param name="keepsUnloaded">Whether models that the previous list had too, and that an unload stopped, stay away.</param>
    public void SetResidents(IReadOnlyDictionary<RunnerKey, ModelEntry> residents, bool keepsUnloaded = false) =>
        _loop.SetResidents(residents, keepsUnloaded);

    /// <summary>These runners have loaded what is replaced now. Each is stopped as soon as it is idle.</summary>
    public void Outdate(IReadOnlyDictionary<RunnerId, OutdatedReason> runners) => _loop.Post(new RunnersOutdated(runners));

    /// <summary>Replaces a runner that requests cannot connect to although its process has not ended.</summary>
    public void Replace(RunnerId runner) => _loop.Post(new RunnerUnreachable(runner, Unreachable));

    /// <summary>Stops runners. Returns their number when their processes have ended.</summary>
    /// <param name="selection">
    /// The runners to stop. A busy runner accepts no more requests. It stops after its last one, or after the drain time.
    /// </param>
    /// <param name="cancellationToken">Ends the wait. The unload continues.</param>
    /// <param name="by">The name of the key that requested it; null: none.</param>
    public async Task<int> UnloadAsync(UnloadSelection selection, CancellationToken cancellationToken, string? by = null)
    {
        var id = new UnloadId(Interlocked.Increment(ref _lastUnload));
        try
        {
            return await _loop.UnloadAsync(id, selection, by).WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            _loop.Abandon(id);
            throw;
        }
    }

    /// <summary>Returns when the loop that decides about runners has responded. An unload of nothing passes through it as every event does.</summary>
    public Task RespondAsync(CancellationToken cancellationToken) => UnloadAsync(new UnloadSelection(Backend: null, Models: []), cancellationToken);

    /// <summary>
    /// Refuses new requests, lets running ones finish within the drain time, aborts the rest, and stops every runner. Returns when no process
    /// is left. Later calls return the same task.
    /// </summary>
    public ValueTask DisposeAsync() => new(_ending.Value);

    /// <summary>Ends the drain time of <see cref="DisposeAsync"/>, also if it has not begun yet.</summary>
    public void EndDrain() => _drainEnded.Cancel();

    private async Task EndAsync()
    {
        _loop.Post(new ShutdownRequested());
        try
        {
            await _loop.Ended.WaitAsync(_settings.DrainTimeout, _time, _drainEnded.Token);
        }
        catch (Exception end) when (end is TimeoutException or OperationCanceledException)
        {
            // Requests on managed runners are aborted when the runners are stopped.
            await _live.CutAttachedAsync();
            _loop.Post(new ShutdownRequested());
            await _loop.Ended;
        }

        await _stalls.DisposeAsync();
        await _loop.DisposeAsync();
        if (_usageTimer is not null)
            await _usageTimer.DisposeAsync();
    }

    // It is not known what an attached server counted before.
    private RunnerTally CreateTally(RunnerKey key) => new(key, _requests, _time, start: null);

    /// <summary>Why no runner can serve this; null: one can.</summary>
    public string? CannotServe(RunnerKey key, ModelEntry model)
    {
        if (_attached.Contains(key))
            return null;
        if (!string.Equals(key.Backend, model.Settings.Backend, StringComparison.Ordinal))
            return $"no runner of backend \"{key.Backend}\" serves model \"{key.Model}\" in mode {ModeText.Format(key.Mode)}; add one to the configuration";
        return !model.CanBeStarted(key.Mode)
            ? $"model \"{key.Model}\" has neither a file nor an engine here, and no attached runner serves it in mode {ModeText.Format(key.Mode)}"
            : null;
    }

    private static SchedulerSettings MakeSchedulerSettings(RunnerSettings runners, IReadOnlyList<AttachedRunner> attached) => new()
    {
        DefaultKeepAlive = runners.KeepAlive,
        MaxRunners = runners.MaxRunners,
        MaxQueuedRequests = runners.MaxQueuedRequests,
        MaxQueuedPerModel = runners.MaxQueuedPerModel ?? (runners.MaxQueuedRequests + 1) / 2,
        QueueTimeout = runners.QueueTimeout,
        SwapDelay = runners.SwapDelay,
        SwapRequests = runners.SwapRequests,
        MinStay = runners.MinStay,
        BackgroundDelay = runners.BackgroundDelay,
        UnloadDrain = runners.DrainTimeout,
        MemoryBudgetBytes = runners.MemoryBudgetBytes,
        Attached = attached,
    };
}
