using ModelRunner.Store.Pulls;

namespace ModelRunner.Store.Tests.Pulls;

/// <summary>Runs work at once. That of a place that hangs begins and does not end, and is counted; that of a busy place does not begin.</summary>
internal sealed class PlaceThreads : ISourceThreads
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _hanging;

    /// <summary>The place that hangs; null: none does.</summary>
    public string? HangingPlace { get; set; }

    /// <summary>The place for which no thread is free; null: there is one for each.</summary>
    public string? BusyPlace { get; set; }

    /// <summary>Whether work runs on threads, so that it may block.</summary>
    public bool HasThreads { get; set; }

    /// <summary>How many pieces of work hang or hung.</summary>
    public int Hanging => Volatile.Read(ref _hanging);

    /// <summary>All places respond again.</summary>
    public void Respond()
    {
        HangingPlace = BusyPlace = null;
        _end.SetResult();
    }

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

        return HasThreads ? await Task.Run(work) : work();
    }
}
