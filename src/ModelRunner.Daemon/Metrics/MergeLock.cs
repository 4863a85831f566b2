namespace ModelRunner.Daemon.Metrics;

/// <summary>The merge lock while it is held. Disposing releases it; further calls have no effect. Thread-safe.</summary>
internal sealed class MergeLock(SemaphoreSlim semaphore) : IDisposable
{
    private int _isReleased;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isReleased, 1) == 0)
            semaphore.Release();
    }
}
