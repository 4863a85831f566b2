using System.Collections.Concurrent;
using ModelRunner.Store.Foreign;

namespace ModelRunner.Store.Pulls;

/// <summary>
/// Reads from the stores of other tools, with a time limit. A place that did not respond within it is not asked again until that read has ended, so its disk
/// delays pulls once and occupies few threads. Safe to call from any thread.
/// </summary>
/// <param name="threads">The threads that wait for the disks.</param>
/// <param name="time">The clock.</param>
internal sealed class PlaceReader(ISourceThreads threads, TimeProvider time)
{
    /// <summary>The longest time of one read.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, Task> _abandoned = new(StringComparer.Ordinal);

    /// <summary>Runs a read.</summary>
    /// <exception cref="IOException">The place does not respond, or it cannot be read.</exception>
    public async Task<T> RunAsync<T>(ContentPlace place, Func<T> read, CancellationToken cancellationToken)
    {
        if (_abandoned.TryGetValue(place.Folder, out Task? last) && !last.IsCompleted)
            throw NoResponse(place, null);
        Task<T> running = BeginAsync(place, read);
        try
        {
            return await running.WaitAsync(Patience, time, cancellationToken);
        }
        catch (Exception failure) when (failure is TimeoutException or OperationCanceledException && !running.IsCompleted)
        {
            _abandoned[place.Folder] = running;
            _ = running.ContinueWith(
                static ended => _ = ended.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            if (failure is OperationCanceledException)
                throw;
            throw NoResponse(place, failure);
        }
    }

    private Task<T> BeginAsync<T>(ContentPlace place, Func<T> read)
    {
        try
        {
            return threads.RunAsync(place.Folder, read);
        }
        catch (OutOfMemoryException failure)
        {
            throw new IOException("the system allows no more threads", failure);
        }
    }

    private static IOException NoResponse(ContentPlace place, Exception? cause) =>
        new($"the disk of {place.Tool} has not responded for {Patience.TotalSeconds:0} s", cause);
}
