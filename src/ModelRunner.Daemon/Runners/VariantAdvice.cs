using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>Names the variants of a model that is too large, such as other quantizations of it, if they are here and fit.</summary>
internal static class VariantAdvice
{
    private const int MaxNamed = 3;

    /// <summary>A clause for an error message, such as <c>a variant that is here fits: "fox:q4_0" (about 12 MiB)</c>; null: none fits.</summary>
    /// <param name="variants">The variants.</param>
    /// <param name="mode">The mode of the runner.</param>
    /// <param name="limits">The memory that the runner of the model could have.</param>
    /// <param name="demands">Knows what a variant needs.</param>
    public static string? For(IReadOnlyList<ModelEntry> variants, RunnerMode mode, MemoryLimits limits, RunnerDemands demands)
    {
        string[] named =
        [
            .. variants.Where(variant => variant.CanBeStarted(mode) && variant.Modes.Contains(mode))
                .Select(variant => (Variant: variant, Demand: demands.Of(variant, mode)))
                .Where(one => Fits(one.Demand, limits))
                .OrderByDescending(static one => one.Variant.WeightBytes).ThenBy(static one => one.Variant.Reference, StringComparer.Ordinal)
                .Take(MaxNamed)
                .Select(static one => Describe(one.Variant, one.Demand)),
        ];
        return named.Length switch
        {
            0 => null,
            1 => $"a variant that is here fits: {named[0]}",
            _ => $"variants that are here fit: {string.Join(", ", named)}",
        };
    }

    private static string Describe(ModelEntry variant, RunnerDemand demand) =>
        $"\"{variant.Reference}\" (about {MemoryText.RoundUp(demand.MemoryBytes + (demand.Cards?.TotalBytes ?? 0))} MiB)";

    // As the scheduler decides it: of what was measured once, only the part that is certain counts. Without an estimate nothing can be said.
    private static bool Fits(RunnerDemand demand, MemoryLimits limits)
    {
        if (demand.MemoryBytes <= 0)
            return false;
        long main = demand.LeastBytes ?? demand.MemoryBytes;
        long limit = limits.Bytes ?? MemoryRoom.Unlimited;
        return demand.Cards is null ? main <= limit : demand.Cards.SpillsWithin(limits.Cards) is { } spilled && main <= limit - spilled;
    }
}
