namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>The rules of docs/memory.md, "Graphics cards", in their most obvious form.</summary>
internal static class ObviousCards
{
    /// <summary>What a runner gets of each card, and in main memory; null: it does not fit.</summary>
    public static (Dictionary<string, long> Cards, long Spilled)? Place(
        CardDemand? demand, IReadOnlyDictionary<string, long>? budgets, Func<string, long> used, bool isPartial)
    {
        var taken = new Dictionary<string, long>(StringComparer.Ordinal);
        long spilled = 0;
        if (demand is null)
            return (taken, 0);
        foreach (CardShare share in demand.Fixed)
        {
            if (share.Bytes <= Left(share.Card, used))
                taken[share.Card] = taken.GetValueOrDefault(share.Card) + share.Bytes;
            else if (isPartial)
                spilled += share.Bytes;
            else
                return null;
        }

        long wanted = demand.SharedBytes;
        if (demand.LeastBytes is { } least && budgets is not null)
        {
            Dictionary<string, long> before = taken;
            (taken, long all) = (Place(demand with { SharedBytes = 0, LeastBytes = null }, budgets, static _ => 0, true)!.Value.Cards, 0);
            all = demand.Cards.Sum(card => ForShare(card, static _ => 0));
            (wanted, taken) = (Math.Min(wanted, Math.Max(least, all)), before);
        }

        long left = wanted;
        long room = demand.Cards.Sum(card => ForShare(card, used));
        if (left > room && !isPartial)
            return null;
        if (left > room)
            (spilled, left) = (spilled + left - room, room);
        foreach ((string card, long here) in demand.Cards.Select(card => (card, ForShare(card, used))).Where(static pair => pair.Item2 > 0).ToList())
        {
            if (left == 0)
                continue;
            long part = Math.Min(left, (long)Math.Ceiling((double)left / room * here));
            part = Math.Min(part, here);
            (left, room) = (left - part, room - here);
            taken[card] = taken.GetValueOrDefault(card) + part + demand.EachBytes;
        }

        return (taken, spilled);

        long Left(string card, Func<string, long> use) => budgets is null
            ? 1L << 52
            : Math.Max(0, budgets[card] - use(card) - (demand.Margin ?? 0)) - taken.GetValueOrDefault(card);

        long ForShare(string card, Func<string, long> use) => Math.Max(0, Left(card, use) - demand.EachBytes);
    }
}
