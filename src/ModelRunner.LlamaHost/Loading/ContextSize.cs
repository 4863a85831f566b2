namespace ModelRunner.LlamaHost.Loading;

/// <summary>How many tokens of context there are over all slots where the command line does not say.</summary>
internal static class ContextSize
{
    /// <summary>
    /// The most that a slot gets unasked. Models are trained for contexts whose cache would fill the memory of a small machine; whoever
    /// wants more says so with <c>--ctx-size</c>.
    /// </summary>
    public const int DefaultSlotTokens = 4096;

    /// <summary>Chooses the size over all slots; each has at least one token.</summary>
    /// <param name="asked">What the command line said; 0: nothing.</param>
    /// <param name="trained">What the model was trained for.</param>
    /// <param name="slots">The number of slots, which share the size evenly.</param>
    public static int Choose(int asked, int trained, int slots) =>
        asked > 0 ? Math.Max(asked, slots) : slots * Math.Clamp(trained, 1, DefaultSlotTokens);
}
