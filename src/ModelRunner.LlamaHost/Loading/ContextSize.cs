namespace ModelRunner.LlamaHost.Loading;

/// <summary>Chooses the total context over all slots if the command line does not set it.</summary>
internal static class ContextSize
{
    /// <summary>
    /// The largest default context of a slot. Models are trained for contexts whose cache would fill the memory of a small machine;
    /// <c>--ctx-size</c> sets a larger one.
    /// </summary>
    public const int DefaultSlotTokens = 4096;

    /// <summary>Chooses the size over all slots; each has at least one token.</summary>
    /// <param name="asked">The value of the command line; 0: not set.</param>
    /// <param name="trained">The context that the model was trained for.</param>
    /// <param name="slots">The number of slots, which share the size evenly.</param>
    public static int Choose(int asked, int trained, int slots) =>
        asked > 0 ? Math.Max(asked, slots) : slots * Math.Clamp(trained, 1, DefaultSlotTokens);
}
