namespace ModelRunner.Store.Pulls;

/// <summary>Limits the bytes per second of one pull, or of all pulls together. A new limit holds at once, also for a pull that waits. Thread-safe.</summary>
/// <param name="time">The clock.</param>
internal sealed class ByteRateLimit(TimeProvider time)
{
    // Bytes that may come at once after a pause, in seconds of the limit.
    private const double MaxBurst = 0.25;

    // What is read is paid afterwards. Several files are read at once, so a read must be short for all of them to keep to the limit together.
    private const double MaxRead = MaxBurst / 4;
    private const int MinRead = 1024;

    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = New();
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
            TaskCompletionSource changed;
            lock (_lock)
            {
                // The same limit keeps its debt.
                if (value == _bytesPerSecond)
                    return;
                (_bytesPerSecond, _freeAt, changed, _changed) = (value, 0, _changed, New());
            }

            changed.SetResult();
        }
    }

    /// <summary>How many bytes to read at once.</summary>
    /// <param name="most">The size of the buffer.</param>
    public int ReadSize(int most) => BytesPerSecond is { } limit ? (int)Math.Clamp(limit * MaxRead, Math.Min(MinRead, most), most) : most;

    /// <summary>Waits until some bytes that were read are within the limit.</summary>
    public ValueTask PayAsync(int bytes, CancellationToken cancellationToken)
    {
        double wait;
        Task changed;
        lock (_lock)
        {
            if (_bytesPerSecond is not { } limit)
                return ValueTask.CompletedTask;
            double now = (double)time.GetTimestamp() / time.TimestampFrequency;
            _freeAt = Math.Max(_freeAt, now - MaxBurst) + ((double)bytes / limit);
            (wait, changed) = (_freeAt - now, _changed.Task);
        }

        return wait <= 0 ? ValueTask.CompletedTask : new ValueTask(WaitAsync(TimeSpan.FromSeconds(wait), changed, cancellationToken));
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task WaitAsync(TimeSpan wait, Task changed, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(Task.Delay(wait, time, over.Token), changed);
        await over.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }
}
