namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// The bytes that the bodies of all runners may take together, those included that pages still hold. Thread-safe.
/// </summary>
/// <param name="limit">The most bytes.</param>
internal sealed class BodyBudget(long limit)
{
    private long _held;

    /// <summary>The most bytes.</summary>
    public long Limit => limit;

    /// <summary>The bytes that are taken now.</summary>
    public long Held => Interlocked.Read(ref _held);

    /// <summary>
    /// Called when the budget is used up: makes somebody let go of bodies, or waits a moment where somebody will. False where there is nobody.
    /// Set once, before the first body.
    /// </summary>
    public Func<CancellationToken, ValueTask<bool>> MakeRoomAsync { get; set; } = static _ => new ValueTask<bool>(false);

    /// <summary>Takes bytes, which <see cref="Return"/> gives back.</summary>
    /// <returns>False where they are not there now.</returns>
    public bool TryTake(long bytes)
    {
        // Added in one step only where it fits: what is too large for the rest must not be in the way of what is not.
        long before = Held;
        while (before + bytes <= limit)
        {
            long found = Interlocked.CompareExchange(ref _held, before + bytes, before);
            if (found == before)
                return true;
            before = found;
        }

        return false;
    }

    /// <summary>Takes bytes, which <see cref="Return"/> gives back, as soon as there is room.</summary>
    /// <returns>False where there will be none.</returns>
    public async ValueTask<bool> TryTakeAsync(long bytes, CancellationToken cancellationToken)
    {
        while (!TryTake(bytes))
        {
            if (bytes > limit || !await MakeRoomAsync(cancellationToken))
                return false;
        }

        return true;
    }

    public void Return(long bytes) => Interlocked.Add(ref _held, -bytes);
}
