using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Accounting;

/// <summary>The totals of the runners with the same backend, model and mode, over all their starts. Safe to use from any thread.</summary>
/// <param name="key">Backend, model and mode; null: the sum of several accounts.</param>
internal sealed class RunnerAccount(RunnerKey? key) : IAccount<RunnerAccount>
{
    private readonly CounterSet _loads = new(Enum.GetValues<LoadResult>().Length);
    private readonly CounterSet _stops = new(Enum.GetValues<StopReason>().Length);
    private readonly CounterSet _crashes = new(Enum.GetValues<CrashClass>().Length);
    private readonly CounterSet _stalls = new(1);
    private readonly CounterSet _slotRestores = new(Enum.GetValues<SlotRestoreResult>().Length);
    private readonly CounterSet _slotSaves = new(Enum.GetValues<SlotSaveResult>().Length);
    private readonly CounterSet _prefillSaved = new(1);
    private readonly Lock _lock = new();
    private RunnerId? _live;
    private TimeSpan _liveCpu;
    private TimeSpan _endedCpu;
    private TimeSpan _takenCpu;
    private long _cpuBegan;
    private int _holders;

    public RunnerKey? Key => key;

    /// <inheritdoc/>
    public long LastUse { get; set; }

    /// <inheritdoc/>
    public bool IsInUse => IsLive || Volatile.Read(ref _holders) > 0;

    /// <summary>The time from the start of a runner until it was ready. Only loads that were successful count.</summary>
    public DurationHistogram LoadDuration { get; } = new(HistogramBounds.Load);

    /// <summary>Whether a runner was started that has not ended.</summary>
    public bool IsLive
    {
        get
        {
            lock (_lock)
                return _live is not null;
        }
    }

    /// <summary>The processor time of all runners. It never falls.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            lock (_lock)
                return _endedCpu + _liveCpu;
        }
    }

    /// <summary>
    /// When the first of these runners was started, as <see cref="CounterSet.BeganAt"/>. If that is not known, it is when the first load or stop was
    /// counted.
    /// </summary>
    public long CpuBeganAt => Interlocked.Read(ref _cpuBegan);

    /// <summary>Whether <see cref="TakeCpu"/> returns something.</summary>
    public bool HasNewCpu
    {
        get
        {
            lock (_lock)
                return _endedCpu + _liveCpu > _takenCpu;
        }
    }

    public static RunnerAccount Create(RunnerKey? key) => new(key);

    /// <summary>How often a runner ended, or could not be started, for this reason.</summary>
    public long Stops(StopReason reason) => _stops[(int)reason];

    /// <summary>When <see cref="Stops"/> began, as <see cref="CounterSet.BeganAt"/>.</summary>
    public long StopsBeganAt(StopReason reason) => _stops.BeganAt((int)reason);

    public void Add(StopReason reason, long count, long beganAt)
    {
        _stops.Add((int)reason, count, beganAt);
        BeginCpu(count, beganAt);
    }

    /// <summary>How many of the ends that <see cref="Stops"/> counts nobody asked for, by what ended the runner.</summary>
    public long Crashes(CrashClass crash) => _crashes[(int)crash];

    /// <summary>When <see cref="Crashes"/> began.</summary>
    public long CrashesBeganAt(CrashClass crash) => _crashes.BeganAt((int)crash);

    public void Add(CrashClass crash, long count, long beganAt)
    {
        _crashes.Add((int)crash, count, beganAt);
        BeginCpu(count, beganAt);
    }

    /// <summary>How often the requests of a runner made no progress for too long.</summary>
    public long Stalls => _stalls[0];

    /// <summary>When <see cref="Stalls"/> began.</summary>
    public long StallsBeganAt => _stalls.BeganAt(0);

    public void AddStalls(long count, long beganAt) => _stalls.Add(0, count, beganAt);

    /// <summary>How many saved contexts had this result.</summary>
    public long SlotRestores(SlotRestoreResult result) => _slotRestores[(int)result];

    /// <summary>When <see cref="SlotRestores"/> began.</summary>
    public long SlotRestoresBeganAt(SlotRestoreResult result) => _slotRestores.BeganAt((int)result);

    public void Add(SlotRestoreResult result, long count, long beganAt) => _slotRestores.Add((int)result, count, beganAt);

    /// <summary>How often the context of a used slot had this result before a stop.</summary>
    public long SlotSaves(SlotSaveResult result) => _slotSaves[(int)result];

    /// <summary>When <see cref="SlotSaves"/> began.</summary>
    public long SlotSavesBeganAt(SlotSaveResult result) => _slotSaves.BeganAt((int)result);

    public void Add(SlotSaveResult result, long count, long beganAt) => _slotSaves.Add((int)result, count, beganAt);

    /// <summary>Prompt tokens that were not computed again because their slot was restored.</summary>
    public long PrefillSaved => _prefillSaved[0];

    /// <summary>When <see cref="PrefillSaved"/> began.</summary>
    public long PrefillSavedBeganAt => _prefillSaved.BeganAt(0);

    public void AddPrefillSaved(long tokens, long beganAt) => _prefillSaved.Add(0, tokens, beganAt);

    public long Loads(LoadResult result) => _loads[(int)result];

    /// <summary>When <see cref="Loads"/> began.</summary>
    public long LoadsBeganAt(LoadResult result) => _loads.BeganAt((int)result);

    public void Add(LoadResult result, long count, long beganAt)
    {
        _loads.Add((int)result, count, beganAt);
        BeginCpu(count, beganAt);
    }

    /// <summary>Adds processor time of runners that have ended; 0: only lowers the time at which it began.</summary>
    public void Add(TimeSpan cpuTime, long beganAt)
    {
        CounterSet.LowerTo(ref _cpuBegan, beganAt);
        lock (_lock)
            _endedCpu += cpuTime;
    }

    /// <summary>Returns the processor time since the last call.</summary>
    public TimeSpan TakeCpu()
    {
        lock (_lock)
        {
            TimeSpan total = _endedCpu + _liveCpu;
            (TimeSpan taken, _takenCpu) = (total - _takenCpu, total);
            return taken;
        }
    }

    /// <summary>Adds totals from before the start of this process. <see cref="TakeCpu"/> does not return them.</summary>
    public void Restore(RunnerAccount totals)
    {
        Add(totals);
        lock (_lock)
            _takenCpu += totals.CpuTime;
    }

    /// <summary>Something will be added soon: the account stays in use until <see cref="Release"/>.</summary>
    public void Hold() => Interlocked.Increment(ref _holders);

    public void Release() => Interlocked.Decrement(ref _holders);

    /// <summary>A runner is started.</summary>
    /// <param name="runner">The runner.</param>
    /// <param name="at">The time in milliseconds since 1970.</param>
    public void Begin(RunnerId runner, long at)
    {
        CounterSet.LowerTo(ref _cpuBegan, at);
        lock (_lock)
        {
            _endedCpu += _liveCpu;
            (_live, _liveCpu) = (runner, TimeSpan.Zero);
        }
    }

    /// <summary>The processor time of a runner since its start. It has no effect once the runner has ended.</summary>
    public void Measure(RunnerId runner, TimeSpan cpuTime)
    {
        // The sum over its processes falls when one ends whose parent does not wait for it.
        lock (_lock)
            if (_live == runner && cpuTime > _liveCpu)
                _liveCpu = cpuTime;
    }

    /// <summary>A runner has ended.</summary>
    /// <param name="runner">The runner.</param>
    /// <param name="cpuTime">Its processor time; null if unknown: then the last measured one counts.</param>
    public void End(RunnerId runner, TimeSpan? cpuTime)
    {
        lock (_lock)
        {
            if (_live != runner)
                return;
            _endedCpu += cpuTime > _liveCpu ? cpuTime.Value : _liveCpu;
            (_live, _liveCpu) = (null, TimeSpan.Zero);
        }
    }

    /// <inheritdoc/>
    public void Add(RunnerAccount other)
    {
        _loads.Add(other._loads);
        _stops.Add(other._stops);
        _crashes.Add(other._crashes);
        _stalls.Add(other._stalls);
        _slotRestores.Add(other._slotRestores);
        _slotSaves.Add(other._slotSaves);
        _prefillSaved.Add(other._prefillSaved);
        LoadDuration.Add(other.LoadDuration);
        Add(other.CpuTime, other.CpuBeganAt);
    }

    // A runner was started before it was loaded or stopped.
    private void BeginCpu(long count, long beganAt)
    {
        if (count != 0)
            CounterSet.LowerTo(ref _cpuBegan, beganAt);
    }
}
