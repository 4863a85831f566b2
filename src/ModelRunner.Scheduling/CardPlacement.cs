namespace ModelRunner.Scheduling;

/// <summary>Where a runner gets its graphics memory. Immutable.</summary>
/// <param name="Cards">What it uses on each card, in the order of the names.</param>
/// <param name="SpilledBytes">What does not fit on the cards, and is in main memory instead.</param>
internal sealed record CardPlacement(IReadOnlyList<CardShare> Cards, long SpilledBytes)
{
    /// <summary>The placement of a runner that uses no card.</summary>
    public static CardPlacement None { get; } = new([], 0);

    /// <summary>Places a runner; null if it does not fit.</summary>
    /// <param name="demand">What it needs; null: nothing.</param>
    /// <param name="budgets">What all runners may use on each card; null: unknown, then everything fits.</param>
    /// <param name="used">What other runners use on a card.</param>
    /// <param name="isPartial">Whether a part may be in main memory.</param>
    public static CardPlacement? Of(CardDemand? demand, IReadOnlyDictionary<string, long>? budgets, Func<string, long> used, bool isPartial)
    {
        if (demand is null)
            return None;
        var room = new CardRoom(demand, budgets, used);
        if (!room.TakeFixed(isPartial))
            return null;
        return room.TakeShared(SharedWithin(demand, budgets), isPartial) ? new CardPlacement(room.Taken, room.Spilled) : null;
    }

    // One measurement alone refuses nothing: it gets what the cards have if nothing else is on them.
    private static long SharedWithin(CardDemand demand, IReadOnlyDictionary<string, long>? budgets)
    {
        if (demand.LeastBytes is not { } least || budgets is null)
            return demand.SharedBytes;
        var empty = new CardRoom(demand, budgets, static _ => 0);
        empty.TakeFixed(isPartial: true);
        return Math.Min(demand.SharedBytes, Math.Max(least, empty.Free));
    }
}
