namespace ModelRunner.Daemon.Runners;

/// <summary>
/// How long the requests on a runner have made no progress. Only time with requests counts: if clients give up and come back, the time goes on where it
/// stopped. Thread-safe; <see cref="Move"/> is called for each part of a response and takes no lock.
/// </summary>
internal sealed class RunnerProgress(TimeProvider time)
{
    private readonly Lock _gate = new();
    private long _movedAt = time.GetTimestamp();
    private long _idleSince = time.GetTimestamp();
    private int _requests;
    private long _stalledSince;

    /// <summary>The requests on the runner.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Since when it counts as stalled; null: it does not.</summary>
    public DateTimeOffset? StalledSince
    {
        get => Interlocked.Read(ref _stalledSince) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;
        set => Interlocked.Exchange(ref _stalledSince, value?.UtcTicks ?? 0);
    }

    /// <summary>The time since the last progress, as far as there were requests; null: there is no request now.</summary>
    public TimeSpan? Standstill
    {
        get
        {
            lock (_gate)
                return _requests == 0 ? null : time.GetElapsedTime(Volatile.Read(ref _movedAt));
        }
    }

    /// <summary>A request begins.</summary>
    public void Begin()
    {
        lock (_gate)
        {
            long now = time.GetTimestamp();
            if (_requests++ == 0)
                Volatile.Write(ref _movedAt, now - Math.Max(0, _idleSince - Volatile.Read(ref _movedAt)));
        }
    }

    /// <summary>A request ends.</summary>
    public void End()
    {
        lock (_gate)
            if (--_requests == 0)
                _idleSince = time.GetTimestamp();
    }

    /// <summary>The runner has sent something, or one of its counters moved.</summary>
    public void Move() => Volatile.Write(ref _movedAt, time.GetTimestamp());
}
