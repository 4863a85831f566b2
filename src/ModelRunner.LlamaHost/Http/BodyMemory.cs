namespace ModelRunner.LlamaHost.Http;

/// <summary>
/// The memory that large request bodies may use together. If it is used up, requests wait in the order of their arrival. One body is always
/// admitted, whatever its size. Safe to call from any thread.
/// </summary>
/// <param name="limitBytes">Bytes for all bodies together.</param>
/// <param name="patience">How long a body waits.</param>
/// <param name="time">The clock.</param>
internal sealed class BodyMemory(long limitBytes, TimeSpan patience, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<(long Bytes, TaskCompletionSource Turn)> _waiting = new();
    private long _usedBytes;

    /// <summary>Bytes that bodies hold now.</summary>
    public long UsedBytes
    {
        get
        {
            lock (_lock)
                return _usedBytes;
        }
    }

    /// <summary>The number of waiting bodies.</summary>
    public int WaitingCount
    {
        get
        {
            lock (_lock)
                return _waiting.Count;
        }
    }

    /// <summary>The limit for a process that may use the given amount of memory.</summary>
    public static long ChooseLimit(long availableBytes) => Math.Clamp(availableBytes / 8, 1 << 20, 256 << 20);

    /// <summary>Takes the given number of bytes; the caller returns them with <see cref="Return"/>.</summary>
    /// <exception cref="ApiException">The memory did not become free in time.</exception>
    public async Task TakeAsync(long bytes, CancellationToken cancellation)
    {
        LinkedListNode<(long Bytes, TaskCompletionSource Turn)> place;
        lock (_lock)
        {
            if (_waiting.Count == 0 && TryTake(bytes))
                return;
            place = _waiting.AddLast((bytes, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
        }

        try
        {
            await place.Value.Turn.Task.WaitAsync(patience, time, cancellation);
        }
        catch (Exception failure) when (failure is TimeoutException or OperationCanceledException)
        {
            lock (_lock)
            {
                if (place.List is not null)
                    _waiting.Remove(place);
                else
                    _usedBytes -= bytes;
                LetIn();
            }

            if (failure is TimeoutException)
                throw ApiException.Busy("the bodies of other requests take all memory that there is for them; try again later, or send less");
            throw;
        }
    }

    /// <summary>Returns bytes.</summary>
    /// <returns>Whether no body holds or waits for memory now.</returns>
    public bool Return(long bytes)
    {
        lock (_lock)
        {
            _usedBytes -= bytes;
            LetIn();
            return _usedBytes == 0;
        }
    }

    private void LetIn()
    {
        while (_waiting.First is { } first && TryTake(first.Value.Bytes))
        {
            _waiting.Remove(first);
            first.Value.Turn.SetResult();
        }
    }

    private bool TryTake(long bytes)
    {
        if (_usedBytes > 0 && _usedBytes + bytes > limitBytes)
            return false;
        _usedBytes += bytes;
        return true;
    }
}
