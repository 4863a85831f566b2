using ModelRunner.Daemon.Ledger;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Measures the processor time of runners once a second and stores it, so that little is lost if the daemon is killed. It rests while there is no
/// runner. Thread-safe.
/// </summary>
internal sealed class UsageTimer : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly LiveRunners _live;
    private readonly UsageMeter _usage;
    private readonly RequestLedger _ledger;
    private readonly ITimer _timer;
    private int _isSet;

    public UsageTimer(LiveRunners live, UsageMeter usage, RequestLedger ledger, TimeProvider time)
    {
        (_live, _usage, _ledger) = (live, usage, ledger);
        _timer = time.CreateTimer(_ => _ = SaveAsync(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>There is a runner.</summary>
    public void Start()
    {
        if (Interlocked.Exchange(ref _isSet, 1) == 0)
            _timer.Change(Interval, Timeout.InfiniteTimeSpan);
    }

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private async Task SaveAsync()
    {
        await _usage.MeasureAsync(mayRelist: false);
        Volatile.Write(ref _isSet, 0);
        _ledger.SaveMeasured();
        if (_live.Managed.Count > 0)
            Start();
        else
            _usage.ReleaseUnused();
    }
}
