namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// The readings that one scrape waits for. One task for all of them: a task and its continuation for each would cost more than the rest of
/// a small reading.
/// </summary>
internal sealed class ScrapeWait
{
    private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // The scrape itself is one until it has joined all.
    private int _left = 1;

    /// <summary>Completes when every reading has ended and <see cref="Signal"/> was called once more, by the scrape.</summary>
    public Task All => _all.Task;

    /// <summary>One reading more to wait for.</summary>
    public void Add() => Interlocked.Increment(ref _left);

    /// <summary>One less.</summary>
    public void Signal()
    {
        if (Interlocked.Decrement(ref _left) == 0)
            _all.SetResult();
    }
}
