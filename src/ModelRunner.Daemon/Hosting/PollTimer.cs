namespace ModelRunner.Daemon.Hosting;

/// <summary>Looks at something again and again, once at a time: a disk that hangs holds one thread, and not one more at each tick. Thread-safe.</summary>
internal sealed class PollTimer : IDisposable
{
    private readonly Action _look;
    private readonly ITimer _timer;
    private int _isLooking;

    /// <summary>Does nothing before <see cref="Start"/>.</summary>
    /// <param name="look">Looks. It is never called twice at the same time, and must not throw.</param>
    /// <param name="time">The clock.</param>
    public PollTimer(Action look, TimeProvider time)
    {
        _look = look;
        _timer = time.CreateTimer(_ => Look(), state: null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Looks for the first time after this interval, and then after each one.</summary>
    public void Start(TimeSpan interval) => _timer.Change(interval, interval);

    /// <summary>Looks no more. It does not wait for a look that has begun: a disk that hangs must not delay the end of the process.</summary>
    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        if (Interlocked.Exchange(ref _isLooking, 1) != 0)
            return;
        try
        {
            _look();
        }
        finally
        {
            Volatile.Write(ref _isLooking, 0);
        }
    }
}
