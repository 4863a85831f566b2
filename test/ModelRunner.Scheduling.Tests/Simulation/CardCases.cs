namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>Random demands and limits of two graphics cards.</summary>
internal static class CardCases
{
    private static readonly string[] Cards = ["g0", "g1"];

    /// <summary>Adds what is needed on cards, and sometimes that a part of the memory was measured only once.</summary>
    public static RunnerDemand Complete(RunnerDemand demand, Dice dice)
    {
        demand = demand with { Cards = Demand(dice) };
        return dice.OneIn(4) ? demand with { LeastBytes = demand.MemoryBytes / 2 } : demand;
    }

    private static CardDemand? Demand(Dice dice)
    {
        CardDemand? demand = dice.Below(6) switch
        {
            0 => new CardDemand { Cards = [], Fixed = [new CardShare(dice.Pick(Cards), 10 + dice.Below(60))] },
            1 => new CardDemand { Cards = Cards, SharedBytes = 20 + dice.Below(120), EachBytes = dice.Below(8) },
            2 => new CardDemand { Cards = [dice.Pick(Cards)], SharedBytes = 10 + dice.Below(60), Fixed = [new CardShare("g0", dice.Below(20))] },
            3 => new CardDemand { Cards = Cards, SharedBytes = 20 + dice.Below(160), EachBytes = dice.Below(8), Margin = dice.Below(12) },
            _ => null,
        };
        return demand is not null && dice.OneIn(4) ? demand with { LeastBytes = demand.SharedBytes / 3 } : demand;
    }

    /// <summary>What all runners may use of each card; null: unknown.</summary>
    public static Dictionary<string, long>? Budgets(Dice dice) => dice.OneIn(8)
        ? null
        : Cards.ToDictionary(static card => card, _ => 30L + dice.Below(70), StringComparer.Ordinal);
}
