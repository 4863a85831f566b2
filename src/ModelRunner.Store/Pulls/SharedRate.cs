namespace ModelRunner.Store.Pulls;

/// <summary>Limits the bytes per second of all pulls together. Safe to call from any thread.</summary>
/// <param name="time">The clock.</param>
internal sealed class SharedRate(TimeProvider time)
{
    // Bytes that may come at once after a pause, in seconds of the limit.
    private const double MaxBurst = 0.25;

    private readonly Lock _lock = new();
    private double _freeAt;
    private long? _bytesPerSecond;

    /// <summary>Bytes per second; null: no limit.</summary>
    public long? BytesPerSecond
    {
        get
        {
            lock (_lock)
                return _bytesPerSecond;
        }

        set
        {
            lock (_lock)
                (_bytesPerSecond, _freeAt) = (value, 0);
        }
    }

    /// <summary>Waits until some bytes that were read are within the limit.</summary>
    public ValueTask PayAsync(int bytes, CancellationToken cancellationToken)
    {
        double wait;
        lock (_lock)
        {
            if (_bytesPerSecond is not { } limit)
                return ValueTask.CompletedTask;
            double now = (double)time.GetTimestamp() / time.TimestampFrequency;
            _freeAt = Math.Max(_freeAt, now - MaxBurst) + ((double)bytes / limit);
            wait = _freeAt - now;
        }

        return wait <= 0 ? ValueTask.CompletedTask : new ValueTask(Task.Delay(TimeSpan.FromSeconds(wait), time, cancellationToken));
    }
}
