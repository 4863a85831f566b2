namespace ModelRunner.Linux.Graphics;

/// <summary>The memory of all graphics cards at one time. Not thread-safe while it is filled, and not changed after that.</summary>
internal sealed class GraphicsReading
{
    private readonly List<CardMemory> _cards = [];
    private readonly Dictionary<int, SortedDictionary<string, long>> _processes = [];

    /// <summary>The cards whose memory is known.</summary>
    public IReadOnlyList<CardMemory> Cards => _cards;

    /// <summary>Adds a card.</summary>
    public void Add(CardMemory card) => _cards.Add(card);

    /// <summary>Adds what a process uses on a card; 0 or more.</summary>
    public void Add(int process, string card, long bytes)
    {
        if (!_processes.TryGetValue(process, out SortedDictionary<string, long>? cards))
            _processes.Add(process, cards = new SortedDictionary<string, long>(StringComparer.Ordinal));
        cards[card] = Sum(cards.GetValueOrDefault(card), bytes);
    }

    /// <summary>What these processes use together, by card and in the order of the names; empty if nothing is known of them.</summary>
    public IReadOnlyCollection<KeyValuePair<string, long>> Of(IEnumerable<int> processes)
    {
        SortedDictionary<string, long>? sum = null;
        foreach (int process in processes)
        {
            if (!_processes.TryGetValue(process, out SortedDictionary<string, long>? cards))
                continue;
            sum ??= new SortedDictionary<string, long>(StringComparer.Ordinal);
            foreach ((string card, long bytes) in cards)
                sum[card] = Sum(sum.GetValueOrDefault(card), bytes);
        }

        return sum ?? (IReadOnlyCollection<KeyValuePair<string, long>>)[];
    }

    // A driver may tell any number.
    private static long Sum(long one, long other) => one > long.MaxValue - other ? long.MaxValue : one + other;
}
