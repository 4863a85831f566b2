using System.Collections.Concurrent;
using ModelRunner.Store.Foreign;

namespace ModelRunner.Store.Pulls;

/// <summary>
/// Reads from the stores of other tools, with a time limit. A place that did not respond within it is not asked again until that read has ended, so its disk
/// delays pulls once and occupies few threads. A read whose client left says nothing about its place, unless it exceeds the limit too. Safe to call from any
/// thread.
/// </summary>
/// <param name="threads">The threads that wait for the disks.</param>
/// <param name="time">The clock.</param>
internal sealed class PlaceReader(ISourceThreads threads, TimeProvider time)
{
    /// <summary>The longest time of one read, and the longest wait for a thread.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>For each place, the last abandoned read that still runs.</summary>
    private readonly ConcurrentDictionary<string, PlaceRead> _left = new(StringComparer.Ordinal);

    /// <summary>How many places have an abandoned read that still runs.</summary>
    public int Left => _left.Count;

    /// <summary>Runs a read.</summary>
    /// <param name="place">The place.</param>
    /// <param name="read">Reads.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="discard">Gets the result of a read for which nobody waits any more; null: it holds nothing.</param>
    /// <exception cref="IOException">The place does not respond, or it cannot be read.</exception>
    public async Task<T> RunAsync<T>(ContentPlace place, Func<T> read, CancellationToken cancellationToken, Action<T>? discard = null)
    {
        await WaitForLeftAsync(place, cancellationToken);
        var state = new PlaceRead(time);
        Task<T> running = BeginAsync(place, state, read);
        state.Ended = running;
        try
        {
            await Task.WhenAny(state.Begun, running).WaitAsync(Patience, time, cancellationToken);
            return await running.WaitAsync(state.LeftOf(Patience), time, cancellationToken);
        }
        catch (Exception failure) when (failure is TimeoutException || cancellationToken.IsCancellationRequested)
        {
            Leave(place, state, running, discard);
            if (failure is TimeoutException)
                throw NoResponse(place, failure);
            throw;
        }
    }

    // So clients that leave, one after the other, occupy one thread.
    private async Task WaitForLeftAsync(ContentPlace place, CancellationToken cancellationToken)
    {
        if (!_left.TryGetValue(place.Folder, out PlaceRead? left))
            return;
        try
        {
            await Task.WhenAny(left.Ended).WaitAsync(left.LeftOf(Patience), time, cancellationToken);
        }
        catch (TimeoutException failure)
        {
            throw NoResponse(place, failure);
        }
    }

    private Task<T> BeginAsync<T>(ContentPlace place, PlaceRead state, Func<T> read)
    {
        try
        {
            return threads.RunAsync(place.Folder, state.Begin, () => state.IsGivenUp ? throw new OperationCanceledException() : read());
        }
        catch (OutOfMemoryException failure)
        {
            throw new IOException("the system allows no more threads", failure);
        }
    }

    private void Leave<T>(ContentPlace place, PlaceRead state, Task<T> running, Action<T>? discard)
    {
        state.GiveUp();
        if (state.Begun.IsCompleted)
            _left[place.Folder] = state;
        _ = running.ContinueWith(
            ended =>
            {
                _left.TryRemove(KeyValuePair.Create(place.Folder, state));
                if (ended.IsCompletedSuccessfully)
                    discard?.Invoke(ended.Result);
                else
                    _ = ended.Exception;
            },
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private static IOException NoResponse(ContentPlace place, Exception? cause) =>
        new($"the disk of {place.Tool} has not responded for {Patience.TotalSeconds:0} s", cause);
}
