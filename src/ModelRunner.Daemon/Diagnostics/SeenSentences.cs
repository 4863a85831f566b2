namespace ModelRunner.Daemon.Diagnostics;

/// <summary>
/// Remembers sentences, so that each is logged once. It keeps all current ones. If there are many, it forgets those that are no longer current, and such a
/// sentence is new when it comes back. Thread-safe.
/// </summary>
internal sealed class SeenSentences
{
    private const int MaxOld = 1000;

    private readonly Lock _lock = new();
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>The sentences that were not seen before.</summary>
    /// <param name="current">All sentences that are true now.</param>
    public IReadOnlyList<string> TakeNew(IEnumerable<string> current)
    {
        string[] all = [.. current];
        lock (_lock)
        {
            string[] added = [.. all.Where(_seen.Add)];
            if (_seen.Count > MaxOld)
                _seen.IntersectWith(all);
            return added;
        }
    }
}
