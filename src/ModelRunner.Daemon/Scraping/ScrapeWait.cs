namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// Waits for all runners of one scrape with a single task. One task and one continuation for each runner would cost more than the rest of a
/// small scrape. Thread-safe.
/// </summary>
internal sealed class ScrapeWait
{
    private const long MoreBytesStep = 1024 * 1024;

    private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _bytes;

    // The count starts at 1 for the scrape itself, until it has joined all runners.
    private int _left = 1;

    /// <summary>Completes when every runner has ended and the scrape itself has called <see cref="Signal"/>.</summary>
    public Task All => _all.Task;

    /// <summary>Completes when another mebibyte has arrived. Read it before <see cref="Bytes"/>.</summary>
    public Task More => Volatile.Read(ref _more).Task;

    /// <summary>The bytes of all bodies that have arrived.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Adds one runner to wait for.</summary>
    public void Add() => Interlocked.Increment(ref _left);

    /// <summary>Adds the bytes of a body that has arrived.</summary>
    public void AddBytes(long bytes)
    {
        long after = Interlocked.Add(ref _bytes, bytes);
        if ((after - bytes) / MoreBytesStep != after / MoreBytesStep)
            Interlocked.Exchange(ref _more, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    /// <summary>Marks one runner, or the scrape itself, as done.</summary>
    public void Signal()
    {
        if (Interlocked.Decrement(ref _left) == 0)
            _all.SetResult();
    }
}
