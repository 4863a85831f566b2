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
    /// <param name="fits">Whether a runner with these arguments fits.</param>
    public static string? For(long layers, RunnerShape shape, Func<RunnerShape, bool> fits)
    {
        if (shape.Offload is not { Margin: null, Layers: > 0 } offload)
            return null;
        long now = Math.Min(offload.Layers, layers + 1);

        // More layers never need less on a card, and never more in main memory.
        for (long fewer = now - 1; fewer >= 0; fewer--)
        {
            if (fits(shape with { Offload = offload with { Layers = (int)fewer } }))
                return FormattableString.Invariant($"{Offload.LayersArgument} {fewer} in its args (now {now})");
        }

        return fits(shape with { Offload = null }) ? "--device none in its args" : null;
    }
}
