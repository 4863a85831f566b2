namespace ModelRunner.Daemon.Inference.Bodies;

/// <summary>
/// Counts the bodies of requests that wait for a pull. They hold at most half of each budget of bodies, without the part that is reserved for
/// one body, or one body of any size: a pull may take hours, and requests for models that are there need the rest. Safe to call from any thread.
/// </summary>
/// <param name="smallBytes">The most bytes of small bodies.</param>
/// <param name="largeBytes">The most bytes of large bodies.</param>
internal sealed class WaitingBodies(long smallBytes, long largeBytes)
{
    private readonly Lock _lock = new();
    private long _small;
    private long _large;

    /// <summary>The most bytes of bodies like this one.</summary>
    public long LimitOf(RequestBody body) => body.IsLarge ? largeBytes : smallBytes;

    /// <summary>Counts a body that has arrived; <see cref="Leave"/> must be called once. False: there is no room for it, and it is not counted.</summary>
    public bool TryEnter(RequestBody body)
    {
        lock (_lock)
        {
            ref long used = ref body.IsLarge ? ref _large : ref _small;
            if (used > 0 && used + body.Capacity > LimitOf(body))
                return false;
            used += body.Capacity;
            return true;
        }
    }

    /// <summary>The request of a body does not wait any more.</summary>
    public void Leave(RequestBody body)
    {
        lock (_lock)
        {
            ref long used = ref body.IsLarge ? ref _large : ref _small;
            used -= body.Capacity;
        }
    }
}
