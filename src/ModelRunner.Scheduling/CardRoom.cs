namespace ModelRunner.Scheduling;

/// <summary>The room that one runner has on graphics cards while it is placed on them.</summary>
internal sealed class CardRoom
{
    // The sum over many cards does not overflow.
    private const long Unlimited = 1L << 52;

    private readonly CardDemand _demand;
    private readonly SortedDictionary<string, long> _taken = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _free = new(StringComparer.Ordinal);

    // What the cards have if nothing is on them.
    private readonly Dictionary<string, long> _whole = new(StringComparer.Ordinal);

    /// <param name="demand">What the runner needs.</param>
    /// <param name="budgets">What all runners may use on each card; null: unknown.</param>
    /// <param name="used">What other runners use on a card.</param>
    public CardRoom(CardDemand demand, IReadOnlyDictionary<string, long>? budgets, Func<string, long> used)
    {
        _demand = demand;
        foreach (string card in demand.Cards.Concat(demand.Fixed.Select(static share => share.Card)))
        {
            // A card that is not known limits nothing.
            long whole = budgets is not null && budgets.TryGetValue(card, out long budget) ? budget - (demand.Margin ?? 0) : Unlimited;
            _whole[card] = Math.Max(0, whole);
            _free[card] = whole == Unlimited ? Unlimited : Math.Max(0, whole - used(card));
        }
    }

    /// <summary>What the runner has, in the order of the cards.</summary>
    public IReadOnlyList<CardShare> Taken => [.. _taken.Where(static share => share.Value > 0).Select(static share => new CardShare(share.Key, share.Value))];

    /// <summary>What went into main memory instead.</summary>
    public long Spilled { get; private set; }

    /// <summary>What is left for the shared part.</summary>
    public long Free => _demand.Cards.Sum(FreeOn);

    /// <summary>Takes the parts that belong on certain cards. False if one does not fit.</summary>
    public bool TakeFixed(bool isPartial)
    {
        for (int i = 0; i < _demand.Fixed.Count; i++)
        {
            CardShare share = Certain(i);
            if (share.Bytes <= _free[share.Card])
                Take(share.Card, share.Bytes);
            else if (isPartial)
                Spilled += share.Bytes;
            else
                return false;
        }

        return true;
    }

    /// <summary>Takes the shared part from all cards, in proportion to what is free. False if it does not fit.</summary>
    public bool TakeShared(long bytes, bool isPartial)
    {
        if (bytes <= 0)
            return true;
        long left = Math.Min(bytes, Free);
        if (left < bytes && !isPartial)
            return false;
        Spilled += bytes - left;
        long free = Free;
        foreach (string card in _demand.Cards)
        {
            long here = FreeOn(card);
            if (here == 0 || left == 0)
                continue;

            // Rounded up, so that nothing is left after the last card.
            long part = Math.Min(here, (long)Math.Ceiling((double)left / free * here));
            part = Math.Min(part, left);
            free -= here;
            left -= part;
            Take(card, part + _demand.EachBytes);
        }

        return true;
    }

    // One measurement alone refuses nothing: it gets what the card has if nothing else is on it.
    private CardShare Certain(int index)
    {
        CardShare share = _demand.Fixed[index];
        return _demand.LeastFixed is { } least && least[index].Bytes < share.Bytes
            ? share with { Bytes = Math.Min(share.Bytes, Math.Max(least[index].Bytes, _whole[share.Card])) }
            : share;
    }

    private long FreeOn(string card) => Math.Max(0, _free[card] - _demand.EachBytes);

    private void Take(string card, long bytes)
    {
        _taken[card] = _taken.GetValueOrDefault(card) + bytes;
        _free[card] -= bytes;
    }
}
