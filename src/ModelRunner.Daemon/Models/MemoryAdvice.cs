namespace ModelRunner.Daemon.Models;

/// <summary>Says with which settings a model that is too large would fit.</summary>
internal static class MemoryAdvice
{
    // llama.cpp gives a sequence a multiple of so many tokens, and a shorter context is of little use.
    private const int ContextStep = 256;
    private const int LeastContext = 512;

    /// <summary>A clause for an error message, such as <c>it fits with contextSize 2048 (now 8192)</c>; null if the model's size is unknown.</summary>
    /// <param name="model">The model.</param>
    /// <param name="limit">The most bytes that its runner may need.</param>
    public static string? For(ModelEntry model, long limit)
    {
        if (model is not { Header: { } header, Shape: { } shape })
            return null;
        if (FindContext(shape) is { } context)
            return FormattableString.Invariant($"it fits with contextSize {context} (now {shape.Context})");
        if (shape.Slots > 1 && Fits(shape with { Slots = 1 }))
            return FormattableString.Invariant($"it fits with one slot (args: --parallel 1, now {shape.Slots})");
        if (shape.Slots > 1 && FindContext(shape with { Slots = 1 }) is { } small)
            return FormattableString.Invariant($"it fits with contextSize {small} (now {shape.Context}) and one slot (args: --parallel 1, now {shape.Slots})");

        return FormattableString.Invariant($"it does not fit with any context; its weights alone need {model.WeightBytes >> 20} MiB");

        bool Fits(RunnerShape changed) => MemoryEstimate.Of(header, model.WeightBytes, changed).Total <= limit;

        // The largest one: less context never needs more memory.
        long? FindContext(RunnerShape changed)
        {
            long low = LeastContext / ContextStep;
            long high = (changed.Context - 1) / ContextStep;
            if (high < low || !Fits(changed with { Context = low * ContextStep }))
                return null;
            while (low < high)
            {
                long middle = (low + high + 1) / 2;
                (low, high) = Fits(changed with { Context = middle * ContextStep }) ? (middle, high) : (low, middle - 1);
            }

            return low * ContextStep;
        }
    }
}
