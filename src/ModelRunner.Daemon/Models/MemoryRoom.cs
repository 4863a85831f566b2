using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Models;

/// <summary>The memory that a runner could have. Immutable.</summary>
/// <param name="Bytes">Main memory, without what was measured beyond the estimate.</param>
/// <param name="Cards">The graphics cards by the names of the engine's devices; null: none, or they are not known.</param>
/// <param name="CardBytes">What is there on each card; a card without a known limit is missing.</param>
/// <param name="CardSurplus">What the cards need beyond the estimate, because it was measured.</param>
internal sealed record MemoryRoom(
    long Bytes, IReadOnlyDictionary<string, string>? Cards = null, IReadOnlyDictionary<string, long>? CardBytes = null, long CardSurplus = 0)
{
    /// <summary>More than any runner needs.</summary>
    public const long Unlimited = 1L << 52;

    /// <summary>Whether a runner with this estimate fits.</summary>
    public bool Has(MemoryEstimate estimate)
    {
        if (Cards is not { } cards || estimate.Graphics is not { } graphics)
            return estimate.Total <= Bytes;
        CardDemand demand = graphics.DemandOn(device => cards[device], graphics.Total + CardSurplus);
        return demand.SpillsWithin(CardBytes) is { } spilled && estimate.BesideCards().Total <= Bytes - spilled;
    }
}
