using ModelRunner.Store.Pulls;

namespace ModelRunner.Store.Tests.Pulls;

/// <summary>Runs work at once. That of a place that hangs never ends, and is counted.</summary>
internal sealed class PlaceThreads : ISourceThreads
{
    private readonly TaskCompletionSource _end = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _hanging;

    /// <summary>The place that hangs; null: none does.</summary>
    public string? HangingPlace { get; set; }

    /// <summary>How many pieces of work hang or hung.</summary>
    public int Hanging => Volatile.Read(ref _hanging);

    /// <summary>The place responds again.</summary>
    public void Respond()
    {
        HangingPlace = null;
        _end.SetResult();
    }

    public async Task<T> RunAsync<T>(string place, Func<T> work)
    {
        if (place == HangingPlace)
        {
            Interlocked.Increment(ref _hanging);
            await _end.Task;
        }

        return work();
    }
}
