using ModelRunner.Store.Pulls;

namespace ModelRunner.Store.Tests.Pulls;

/// <summary>Runs work at once. That of a place that hangs begins and does not end, and is counted; that of a busy place does not begin.</summary>
internal sealed class PlaceThreads : ISourceThreads
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _late = new();
    private int _hanging;
    private int _ended;

    /// <summary>The place that hangs; null: none does.</summary>
    public string? HangingPlace { get; set; }

    /// <summary>The place for which no thread is free; null: there is one for each.</summary>
    public string? BusyPlace { get; set; }

    /// <summary>Whether work runs on threads, so that it may block.</summary>
    public bool HasThreads { get; set; }

    /// <summary>The piece of work, counted from 1, whose result comes with <see cref="Deliver"/>; 0: none.</summary>
    public int LateWork { get; set; }

    /// <summary>How many pieces of work hang or hung.</summary>
    public int Hanging => Volatile.Read(ref _hanging);

    /// <summary>All places respond again.</summary>
    public void Respond()
    {
        HangingPlace = BusyPlace = null;
        _end.SetResult();
    }

    /// <summary>The late result comes. Whoever waits for it has seen it when this returns.</summary>
    public void Deliver() => _late.SetResult();

    public async Task<T> RunAsync<T>(string place, Action begun, Func<T> work)
    {
        if (place == BusyPlace)
            await _end.Task;
        begun();
        if (place == HangingPlace)
        {
            Interlocked.Increment(ref _hanging);
            await _end.Task;
        }

        T result = HasThreads ? await Task.Run(work) : work();
        if (Interlocked.Increment(ref _ended) == LateWork)
            await _late.Task.ConfigureAwait(false);
        return result;
    }
}
