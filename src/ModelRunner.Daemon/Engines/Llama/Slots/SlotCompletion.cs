namespace ModelRunner.Daemon.Engines.Llama.Slots;

/// <summary>The response to a prompt of the daemon itself.</summary>
/// <param name="Tokens">The generated tokens.</param>
/// <param name="Cached">Tokens of the prompt that came from the context of the slot.</param>
/// <param name="Computed">Tokens of the prompt that were computed.</param>
/// <param name="Generated">How many tokens were generated.</param>
internal sealed record SlotCompletion(IReadOnlyList<int> Tokens, long Cached, long Computed, long Generated);
