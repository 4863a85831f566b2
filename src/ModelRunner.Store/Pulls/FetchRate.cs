namespace ModelRunner.Store.Pulls;

/// <summary>
/// Limits the bytes per second of one fetch: by the limit of all pulls, and by the limit of the pull that needs the file. If several pulls need it, its bytes
/// count for the one with the largest limit, so that no pull is slower because of another one. Safe to call from any thread.
/// </summary>
/// <param name="all">The rate of all pulls together.</param>
internal sealed class FetchRate(ByteRateLimit all)
{
    private readonly Lock _lock = new();
    private readonly List<ByteRateLimit> _pulls = [];

    /// <summary>Adds a pull that needs the file.</summary>
    public void Add(ByteRateLimit pull)
    {
        lock (_lock)
            _pulls.Add(pull);
    }

    /// <summary>Removes a pull that no longer needs it.</summary>
    public void Remove(ByteRateLimit pull)
    {
        lock (_lock)
            _pulls.Remove(pull);
    }

    /// <summary>How many bytes to read at once.</summary>
    /// <param name="most">The size of the buffer.</param>
    public int ReadSize(int most) => Math.Min(all.ReadSize(most), Largest()?.ReadSize(most) ?? most);

    /// <summary>Waits until some bytes that were read are within both limits.</summary>
    public ValueTask PayAsync(int bytes, CancellationToken cancellationToken)
    {
        // Both count the bytes at once, so the longer wait is the whole one.
        ValueTask shared = all.PayAsync(bytes, cancellationToken);
        if (Largest() is not { } pull)
            return shared;
        ValueTask own = pull.PayAsync(bytes, cancellationToken);
        return shared.IsCompletedSuccessfully ? own
            : own.IsCompletedSuccessfully ? shared
            : new ValueTask(Task.WhenAll(shared.AsTask(), own.AsTask()));
    }

    // Null: at least one of the pulls has no limit.
    private ByteRateLimit? Largest()
    {
        lock (_lock)
        {
            ByteRateLimit? largest = null;
            long most = -1;
            foreach (ByteRateLimit pull in _pulls)
            {
                if (pull.BytesPerSecond is not { } limit)
                    return null;
                if (limit > most)
                    (largest, most) = (pull, limit);
            }

            return largest;
        }
    }
}
