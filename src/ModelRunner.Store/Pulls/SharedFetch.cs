using ModelRunner.Store.Artifacts;

namespace ModelRunner.Store.Pulls;

/// <summary>One fetch of a file for all pulls that need it. Each one disposes it once; the last one ends it.</summary>
internal sealed class SharedFetch : IAsyncDisposable
{
    private readonly SharedFetches _owner;
    private readonly CancellationTokenSource _cancellation = new();
    private int _users = 1;

    internal SharedFetch(SharedFetches owner, Descriptor file, FetchRate rate) => (_owner, Progress, Rate) = (owner, new FileProgress(file), rate);

    /// <summary>How far it is.</summary>
    public FileProgress Progress { get; }

    /// <summary>Limits its bytes per second.</summary>
    public FetchRate Rate { get; }

    /// <summary>Ends when the file is there, or with the failure.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    internal void Start(Func<CancellationToken, Task> fetch) => Completion = Task.Run(() => fetch(_cancellation.Token));

    /// <summary>Adds a user. False: the last one left, or it failed.</summary>
    internal bool TryJoin()
    {
        if (_users == 0 || Completion is { IsCompleted: true, IsCompletedSuccessfully: false })
            return false;
        _users++;
        return true;
    }

    /// <summary>Leaves. The last one waits until the file is released, so that the next pull can have it.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_owner.TryLeave(this, ref _users))
            return;
        await _cancellation.CancelAsync();
        try
        {
            await Completion;
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // Whoever waited for it got the failure.
        }

        _cancellation.Dispose();
    }
}
