namespace ModelRunner.Daemon.Runners;

/// <summary>
/// How long the requests on a runner have made no progress. Only time in which a request waits for the runner counts: not the time without requests, and
/// not the time in which clients do not read what the runner has sent. If clients give up and come back, the time goes on where it stopped. Thread-safe.
/// </summary>
internal sealed class RunnerProgress(TimeProvider time)
{
    private readonly Lock _gate = new();
    private long _movedAt = time.GetTimestamp();
    private long _quietSince = time.GetTimestamp();
    private int _requests;
    private int _waiting;
    private long _stalledSince;

    /// <summary>The requests on the runner.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Since when it counts as stalled; null: it does not.</summary>
    public DateTimeOffset? StalledSince
    {
        get => Interlocked.Read(ref _stalledSince) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;
        set => Interlocked.Exchange(ref _stalledSince, value?.UtcTicks ?? 0);
    }

    /// <summary>The time since the last progress, as far as requests waited; null: no request waits for the runner now.</summary>
    public TimeSpan? Standstill
    {
        get
        {
            lock (_gate)
                return _waiting <= 0 ? null : time.GetElapsedTime(Volatile.Read(ref _movedAt));
        }
    }

    /// <summary>A request begins. It waits for the runner until its <see cref="RequestTurn"/> says something else.</summary>
    public RequestTurn Begin()
    {
        Interlocked.Increment(ref _requests);
        Wait();
        return new RequestTurn(this);
    }

    /// <summary>A request ends. It waits no longer.</summary>
    public void End() => Interlocked.Decrement(ref _requests);

    /// <summary>One more request waits for the runner.</summary>
    public void Wait()
    {
        lock (_gate)
        {
            long now = time.GetTimestamp();
            if (_waiting++ == 0)
                Volatile.Write(ref _movedAt, now - Math.Max(0, _quietSince - Volatile.Read(ref _movedAt)));
        }
    }

    /// <summary>One request less waits for the runner.</summary>
    public void Rest()
    {
        lock (_gate)
            if (--_waiting == 0)
                _quietSince = time.GetTimestamp();
    }

    /// <summary>The runner has sent something, or one of its counters moved. Takes no lock.</summary>
    public void Move() => Volatile.Write(ref _movedAt, time.GetTimestamp());

    /// <summary>Whether no request waits now, and the last progress was less than this time before the last one stopped waiting.</summary>
    public bool HasRestedWithin(TimeSpan limit)
    {
        lock (_gate)
            return _waiting <= 0 && time.GetElapsedTime(Volatile.Read(ref _movedAt), _quietSince) < limit;
    }

    /// <summary>Forgets an old standstill if no request has waited for this time: what happened then says nothing about the next request.</summary>
    public void ForgetAfter(TimeSpan quiet)
    {
        lock (_gate)
            if (_waiting <= 0 && time.GetElapsedTime(_quietSince) >= quiet)
                Volatile.Write(ref _movedAt, _quietSince);
    }
}
