namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// The readings that one scrape waits for. One task for all of them: a task and its continuation for each would cost more than the rest of
/// a small reading.
/// </summary>
internal sealed class ScrapeWait
{
    private const long ManyBytes = 1024 * 1024;

    private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _bytes;

    // The scrape itself is one until it has joined all.
    private int _left = 1;

    /// <summary>Completes when every reading has ended and <see cref="Signal"/> was called once more, by the scrape.</summary>
    public Task All => _all.Task;

    /// <summary>Completes when another mebibyte has come. To be asked for before <see cref="Bytes"/>.</summary>
    public Task More => Volatile.Read(ref _more).Task;

    /// <summary>The bytes of all bodies that have come.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>One reading more to wait for.</summary>
    public void Add() => Interlocked.Increment(ref _left);

    /// <summary>A body has come.</summary>
    public void AddBytes(long bytes)
    {
        long after = Interlocked.Add(ref _bytes, bytes);
        if ((after - bytes) / ManyBytes != after / ManyBytes)
            Interlocked.Exchange(ref _more, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    /// <summary>One less.</summary>
    public void Signal()
    {
        if (Interlocked.Decrement(ref _left) == 0)
            _all.SetResult();
    }
}
