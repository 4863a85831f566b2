using ModelRunner.Linux.Memory;

namespace ModelRunner.Daemon.Hosting;

/// <summary>
/// Returns unused memory to the system: a while after the start, and later when resident memory has grown and no inference request runs. The
/// models need it, and an idle process allocates too little to start a collection. docs/benchmarks/soak.md has the figures. Thread-safe.
/// </summary>
internal sealed class MemoryRelease : IDisposable
{
    /// <summary>How often memory is read.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>The least time between two releases. Scrapes of many runners need the same memory again each time.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    /// <summary>The least growth since the last release, in bytes, for another one. It is also at least a quarter of what was resident then.</summary>
    public const long MinGrowth = 16L * 1024 * 1024;

    /// <summary>What begins with the daemon and has no end to wait for (problems of models, preloads, engines) mostly takes less.</summary>
    private static readonly TimeSpan StartWork = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly Func<bool> _isBusy;
    private readonly Func<long> _readResident;
    private readonly Action _release;
    private readonly PollTimer _timer;
    private long _residentBefore;
    private long _releasedAt;

    /// <param name="isBusy">Whether an inference request runs or waits. The release stops all threads for some milliseconds.</param>
    /// <param name="time">The clock.</param>
    public MemoryRelease(Func<bool> isBusy, TimeProvider time)
        : this(isBusy, time, static () => Environment.WorkingSet, ReleaseNow)
    {
    }

    /// <param name="isBusy">Whether an inference request runs or waits.</param>
    /// <param name="time">The clock.</param>
    /// <param name="readResident">Reads the resident memory of the process, in bytes.</param>
    /// <param name="release">Returns memory to the system.</param>
    public MemoryRelease(Func<bool> isBusy, TimeProvider time, Func<long> readResident, Action release)
    {
        (_isBusy, _time, _readResident, _release) = (isBusy, time, readResident, release);
        _timer = new PollTimer(ReleaseIfGrown, time);
    }

    /// <summary>
    /// Releases the 4 to 5 MB that the start and the first search for models leave, then memory whenever it has grown, until <see cref="Dispose"/>.
    /// </summary>
    /// <param name="search">The first search for models.</param>
    /// <param name="ending">Cancelled when the daemon ends.</param>
    public async Task StartAsync(Task search, CancellationToken ending)
    {
        await search.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Delay(StartWork, _time, ending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (ending.IsCancellationRequested)
            return;
        Release();
        _timer.Start(Interval);
    }

    public void Dispose() => _timer.Dispose();

    private static void ReleaseNow()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
        NativeHeap.Trim();
    }

    // The limit rises with what stays resident, so memory that is in use does not cause one release after another.
    private void ReleaseIfGrown()
    {
        if (_time.GetElapsedTime(_releasedAt) >= Pause && !_isBusy() && _readResident() > _residentBefore + Math.Max(MinGrowth, _residentBefore / 4))
            Release();
    }

    private void Release()
    {
        _release();
        (_residentBefore, _releasedAt) = (_readResident(), _time.GetTimestamp());
    }
}
