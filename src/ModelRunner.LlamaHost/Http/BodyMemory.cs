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
    private long _returnedBytes;

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

    /// <summary>
    /// Notes that a body is not used any more. The caller frees its memory if the result is true, and then calls <see cref="Return"/>.
    /// </summary>
    /// <returns>Whether this is the only body, or as much as the limit became garbage since the last true.</returns>
    public bool NoteGarbage(long bytes)
    {
        lock (_lock)
        {
            _returnedBytes += bytes;
            if (_usedBytes > bytes && _returnedBytes < limitBytes)
                return false;
            _returnedBytes = 0;
            return true;
        }
    }

    /// <summary>Returns bytes.</summary>
    public void Return(long bytes)
    {
        lock (_lock)
        {
            _usedBytes -= bytes;
            LetIn();
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
