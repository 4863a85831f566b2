using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// The merge lock, and the workspaces for the pages that are in progress. One page is merged or written at a time: concurrent merges would share
/// the same processors and need more memory. The lock is free while a part of a page is sent. A page of several parts keeps its workspace until
/// its last part is written. Thread-safe.
/// </summary>
internal sealed class MergeWorkspaces(ExpositionLimits limits) : IDisposable
{
    private readonly SemaphoreSlim _lock = new(1, 1);
    private MergeWorkspace? _spare;
    private volatile ExpositionLimits _limits = limits;

    /// <summary>Replaces the limits. Pages that are in progress keep theirs.</summary>
    public void Configure(ExpositionLimits limits) => _limits = limits;

    /// <summary>Waits for the merge lock.</summary>
    /// <returns>The lock, which the caller disposes of.</returns>
    public async Task<MergeLock> LockAsync(CancellationToken cancellationToken)
    {
        await _lock.WaitAsync(cancellationToken);
        return new MergeLock(_lock);
    }

    /// <summary>Waits for the merge lock for at most this time.</summary>
    /// <returns>The lock, which the caller disposes of; null if it was not free in time.</returns>
    public async Task<MergeLock?> TryLockAsync(TimeSpan timeout) =>
        await _lock.WaitAsync(timeout > TimeSpan.Zero ? timeout : TimeSpan.Zero) ? new MergeLock(_lock) : null;

    /// <summary>Returns a workspace for exclusive use until <see cref="Return"/>.</summary>
    public MergeWorkspace Rent()
    {
        ExpositionLimits current = _limits;
        return Interlocked.Exchange(ref _spare, null) is { } spare && ReferenceEquals(spare.Limits, current) ? spare : new MergeWorkspace(current);
    }

    /// <summary>Takes a workspace back and resets it. The last one is kept for the next page.</summary>
    public void Return(MergeWorkspace workspace)
    {
        workspace.Reset();
        Volatile.Write(ref _spare, workspace);
    }

    public void Dispose() => _lock.Dispose();
}
