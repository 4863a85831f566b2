namespace ModelRunner.Scheduling;

/// <summary>What runners use together. Changed while a decision tries what would be free without some of them.</summary>
internal sealed class CapacityUse
{
    private readonly Dictionary<string, long> _cards = new(StringComparer.Ordinal);

    public CapacityUse(IEnumerable<ManagedRunnerState> runners)
    {
        foreach (ManagedRunnerState runner in runners)
            Add(runner, 1);
    }

    /// <summary>Their number.</summary>
    public int Count { get; private set; }

    /// <summary>Their main memory.</summary>
    public long Bytes { get; private set; }

    /// <summary>Their memory on a card.</summary>
    public long On(string card) => _cards.GetValueOrDefault(card);

    public void Remove(ManagedRunnerState runner) => Add(runner, -1);

    public void Restore(ManagedRunnerState runner) => Add(runner, 1);

    private void Add(ManagedRunnerState runner, int sign)
    {
        Count += sign;
        Bytes += sign * runner.MemoryBytes;
        foreach (CardShare share in runner.Cards)
            _cards[share.Card] = On(share.Card) + (sign * share.Bytes);
    }
}
