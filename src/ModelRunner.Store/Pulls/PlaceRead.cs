namespace ModelRunner.Store.Pulls;

/// <summary>One read from a place. Its times count from when a thread has begun it, because it may have to wait for others before. Thread-safe.</summary>
/// <param name="time">The clock.</param>
internal sealed class PlaceRead(TimeProvider time)
{
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _start;
    private int _isGivenUp;

    /// <summary>Completes when a thread has begun it.</summary>
    public Task Begun => _begun.Task;

    /// <summary>Completes when the read has ended.</summary>
    public Task Ended { get; set; } = Task.CompletedTask;

    /// <summary>Whether nobody waits for it any more.</summary>
    public bool IsGivenUp => Volatile.Read(ref _isGivenUp) == 1;

    /// <summary>What is left of a time limit since it was begun; not less than zero.</summary>
    public TimeSpan LeftOf(TimeSpan limit)
    {
        TimeSpan left = limit - time.GetElapsedTime(Volatile.Read(ref _start));
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>Says that a thread begins it now.</summary>
    public void Begin()
    {
        Volatile.Write(ref _start, time.GetTimestamp());
        _begun.TrySetResult();
    }

    /// <summary>Says that nobody waits for it any more. If it was not begun, it need not be done.</summary>
    public void GiveUp() => Volatile.Write(ref _isGivenUp, 1);
}
