namespace ModelRunner.Daemon.Diagnostics;

/// <summary>
/// Tells which sentences were not seen before, so that each is logged once. Bounded: beyond the limit, one may count as new again. Thread-safe.
/// </summary>
internal sealed class SeenSentences
{
    private const int MaxRemembered = 1000;

    private readonly Lock _lock = new();
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>The sentences that were not seen before, at most as many as are remembered.</summary>
    public IReadOnlyList<string> TakeNew(IEnumerable<string> sentences)
    {
        lock (_lock)
        {
            if (_seen.Count >= MaxRemembered)
                _seen.Clear();
            return [.. sentences.Where(sentence => _seen.Count < MaxRemembered && _seen.Add(sentence))];
        }
    }
}
