namespace ModelRunner.Daemon.Models;

/// <summary>Says with how many layers on graphics cards a model would fit.</summary>
internal static class LayerAdvice
{
    /// <summary>
    /// The most layers with which it fits, as a change such as <c>--n-gpu-layers 20 in its args (now 33)</c>. Even without layers a card computes large
    /// batches, so no card at all is the last possibility. Null: llama-server chooses the layers itself, or it does not fit at all.
    /// </summary>
    /// <param name="layers">The layers of the model.</param>
    /// <param name="shape">The arguments.</param>
    /// <param name="fitsCards">Whether a runner with these arguments has what it needs on the cards, whatever it needs of main memory.</param>
    /// <param name="fits">Whether a runner with these arguments fits.</param>
    public static string? For(long layers, RunnerShape shape, Func<RunnerShape, bool> fitsCards, Func<RunnerShape, bool> fits)
    {
        if (shape.Offload is not { Margin: null, Layers: > 0 } offload)
            return null;
        long now = Math.Min(offload.Layers, layers + 1);

        // More layers never need less on a card, and never more in main memory. So if the most that fit on the cards do not fit, fewer do not either.
        long low = -1;
        long high = now - 1;
        while (low < high)
        {
            long middle = (low + high + 1) / 2;
            (low, high) = fitsCards(With(middle)) ? (middle, high) : (low, middle - 1);
        }

        if (low >= 0 && fits(With(low)))
            return FormattableString.Invariant($"{Offload.LayersArgument} {low} in its args (now {now})");
        return fits(shape with { Offload = null }) ? "--device none in its args" : null;

        RunnerShape With(long count) => shape with { Offload = offload with { Layers = (int)count } };
    }
}
