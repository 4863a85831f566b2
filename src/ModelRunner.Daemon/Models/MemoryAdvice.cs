using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Models;

/// <summary>Says with which settings a model that is too large would fit.</summary>
internal static class MemoryAdvice
{
    // A shorter context is of little use.
    private const int LeastContext = 512;

    /// <summary>A clause for an error message, such as <c>it fits with contextSize 2048 (now 8192)</c>; null if there is no advice.</summary>
    /// <param name="model">The model.</param>
    /// <param name="mode">The mode of the runner.</param>
    /// <param name="limit">The most bytes that its runner may need.</param>
    public static string? For(ModelEntry model, RunnerMode mode, long limit)
    {
        if (model is not { Header: { } header, Shape: { } written })
            return null;

        RunnerShape shape = written with { Mode = mode };
        foreach ((RunnerShape changed, string[] changes) in Candidates(shape))
        {
            if (Fits(changed))
                return changes.Length == 0 ? null : $"it fits with {string.Join(" and ", changes)}";
            if (FindContext(changed) is { } context)
                return $"it fits with {string.Join(" and ", changes.Prepend(Describe(changed with { Context = context }, shape)))}";
        }

        return model.WeightBytes > limit
            ? FormattableString.Invariant($"its weights alone need {model.WeightBytes >> 20} MiB")
            : FormattableString.Invariant($"it does not fit with one slot and {LeastContext} tokens of context either");

        bool Fits(RunnerShape changed) => MemoryEstimate.Of(header, model.WeightBytes, changed).Total <= limit;

        // The largest one: less context never needs more memory.
        long? FindContext(RunnerShape changed)
        {
            long low = LeastContext / RunnerShape.ContextStep;
            long high = (changed.Context - 1) / RunnerShape.ContextStep;
            if (high < low || !Fits(changed with { Context = low * RunnerShape.ContextStep }))
                return null;
            while (low < high)
            {
                long middle = (low + high + 1) / 2;
                (low, high) = Fits(changed with { Context = middle * RunnerShape.ContextStep }) ? (middle, high) : (low, middle - 1);
            }

            return low * RunnerShape.ContextStep;
        }
    }

    // From the smallest change to the largest.
    private static IEnumerable<(RunnerShape Shape, string[] Changes)> Candidates(RunnerShape shape)
    {
        const string NoPrompts = $"{RunnerShape.PromptCacheArgument} 0 in its args";
        yield return (shape, []);
        if (shape is { HasPromptCache: true, PromptCacheBytes: not 0 })
            yield return (shape with { PromptCacheBytes = 0 }, [NoPrompts]);
        if (shape.Slots == 1)
            yield break;

        string oneSlot = FormattableString.Invariant($"--parallel 1 in its args (now {shape.Slots})");

        // An argument for the context counts for all slots together, so one slot would get the whole of it.
        if (!shape.IsContextArgument)
            yield return (shape with { Slots = 1, PromptCacheBytes = 0 }, shape.HasPromptCache ? [oneSlot, NoPrompts] : [oneSlot]);
    }

    private static string Describe(RunnerShape changed, RunnerShape now) => now.IsContextArgument
        ? FormattableString.Invariant($"--ctx-size {changed.Context * changed.Slots} (now {now.Context * now.Slots})")
        : FormattableString.Invariant($"contextSize {changed.Context} (now {now.Context})");
}
