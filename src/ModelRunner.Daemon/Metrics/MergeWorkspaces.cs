using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Metrics;

/// <summary>
/// Workspaces, and the turn to use one. One page is merged or written at a time: more at once would only share the same processors and take
/// more memory. While a part of a page is sent it is another's turn. Large pages are few at a time: each has a workspace of its own until it
/// was read, and all would be late where many share the processors. Thread-safe.
/// </summary>
internal sealed class MergeWorkspaces(ExpositionLimits limits) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private MergeWorkspace? _spare;

    /// <summary>Waits for the turn, which <see cref="EndTurn"/> ends.</summary>
    public Task TakeTurnAsync(CancellationToken cancellationToken) => _turn.WaitAsync(cancellationToken);

    /// <summary>Waits for the turn no longer than told.</summary>
    /// <returns>False where it did not come in time.</returns>
    public Task<bool> TryTakeTurnAsync(TimeSpan left) => _turn.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero);

    public void EndTurn() => _turn.Release();

    /// <summary>Gives a workspace that nobody else uses.</summary>
    public MergeWorkspace Rent() => Interlocked.Exchange(ref _spare, null) ?? new MergeWorkspace(limits);

    /// <summary>Takes one back. The last is kept for the next page.</summary>
    public void Return(MergeWorkspace workspace)
    {
        workspace.Reset();
        Volatile.Write(ref _spare, workspace);
    }

    public void Dispose() => _turn.Dispose();
}
