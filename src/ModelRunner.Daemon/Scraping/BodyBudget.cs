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
    /// Called when the budget is used up: makes somebody let go of bodies and says whether that was possible. Set once, before the first body.
    /// </summary>
    public Func<bool> MakeRoom { get; set; } = static () => false;

    /// <summary>Takes bytes, which <see cref="Return"/> gives back.</summary>
    /// <returns>False where they are not there.</returns>
    public bool TryTake(long bytes)
    {
        do
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
        }
        while (MakeRoom());
        return false;
    }

    public void Return(long bytes) => Interlocked.Add(ref _held, -bytes);
}
