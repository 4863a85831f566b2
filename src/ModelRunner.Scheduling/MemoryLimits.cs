namespace ModelRunner.Scheduling;

/// <summary>The most memory that a refused runner could have. Immutable.</summary>
/// <param name="Bytes">Main memory, beside the pinned runners; null: no limit.</param>
/// <param name="AloneBytes">The same if the pinned runners were unloaded; null: no limit.</param>
public sealed record MemoryLimits(long? Bytes, long? AloneBytes)
{
    /// <summary>The memory of each graphics card that its model uses, beside the pinned runners; a card without a known limit is missing.</summary>
    public IReadOnlyDictionary<string, long> Cards { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>The same if the pinned runners were unloaded.</summary>
    public IReadOnlyDictionary<string, long> AloneCards { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>The limits of a runner.</summary>
    internal static MemoryLimits Of(ManagedRunnerState runner, CapacityUse pinned, SchedulerSettings settings)
    {
        string[] known = [.. (runner.Demand.Cards?.CardNames ?? []).Where(card => settings.CardBudgets?.ContainsKey(card) is true)];
        return new MemoryLimits(settings.MemoryBudgetBytes - pinned.Bytes, settings.MemoryBudgetBytes)
        {
            Cards = known.ToDictionary(static card => card, card => settings.CardBudgets![card] - pinned.On(card), StringComparer.Ordinal),
            AloneCards = known.ToDictionary(static card => card, card => settings.CardBudgets![card], StringComparer.Ordinal),
        };
    }
}
