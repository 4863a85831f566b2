using System.Globalization;

namespace ModelRunner.Daemon.Engines.Llama.Slots;

/// <summary>
/// Finds out whether this engine can save and restore the contexts of this model: it computes a short prompt, saves the slot, empties it, restores it,
/// and continues the prompt. The engine must take the prompt from the restored context, as it does without a restore, and continue with the same tokens.
/// An engine that only reports success, or that restores other numbers, fails.
/// </summary>
/// <param name="server">The engine.</param>
/// <param name="store">Where the file of the test is.</param>
/// <param name="window">The tokens that the model looks back at most; 0: all.</param>
/// <param name="context">The tokens in the context of a slot; null: unknown.</param>
internal sealed class SlotSelfTest(SlotServer server, SlotStore store, long window, int? context)
{
    private const string Text = "The river runs past the old mill. In spring the water is high, and the children of the village sail small boats of bark. ";
    private const string Continuation = " In autumn";
    private const int Slot = 0;
    private const int Generated = 4;
    private const int LeastTokens = 24;
    private const int MaxTokens = 1536;
    private const int BeyondWindow = 32;

    /// <summary>Prompt tokens that the engine computed for the test.</summary>
    public long Computed { get; private set; }

    /// <summary>Tokens that the engine generated for the test.</summary>
    public long Produced { get; private set; }

    /// <summary>Runs it. The slot is empty afterwards.</summary>
    /// <param name="name">The name of the file of the test, without its ending.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Why contexts must not be saved, as a clause; null: they can be.</returns>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public async Task<string?> RunAsync(string name, CancellationToken cancellationToken)
    {
        if (await MakePromptAsync(cancellationToken) is not { } prompt)
            return "the engine does not tell the tokens of a text";
        int needed = prompt.Count + (2 * Generated) + LeastTokens;
        if (prompt.Count > MaxTokens || needed > context)
            return string.Create(CultureInfo.InvariantCulture, $"the self-test would need {needed} tokens, because the model looks back {window}");

        string? problem = await TestAsync(name, prompt, cancellationToken);
        await server.EraseAsync(Slot, cancellationToken);
        return problem;
    }

    private async Task<string?> TestAsync(string name, IReadOnlyList<int> prompt, CancellationToken cancellationToken)
    {
        if (await CompleteAsync(prompt, cancellationToken) is not { } first)
            return "the engine does not report what it takes from the context of a slot";
        if (await server.ListAsync(cancellationToken) is not { } slots
            || !slots.Any(static slot => slot is { Id: Slot, WasUsed: true, Tokens: >= LeastTokens }))
            return "the engine does not report the tokens in its slots";
        if (!store.TryCreate(SlotStore.PartOf(name)))
            return "the daemon cannot write to the folder for contexts";

        long? saved = await server.SaveAsync(Slot, SlotStore.PartOf(name), cancellationToken);
        if (saved is null or 0)
            return "the engine refuses to save the context of a slot";

        // The next request of a conversation continues the last one.
        IReadOnlyList<int>? more = await server.TokenizeAsync(Continuation, cancellationToken);
        int[] longer = [.. prompt, .. first.Tokens, .. more ?? []];
        if (await CompleteAsync(longer, cancellationToken) is not { } expected || expected.Cached < prompt.Count)
            return "the engine does not continue the context of a slot even without a restore";
        if (!await server.EraseAsync(Slot, cancellationToken))
            return "the engine refuses to empty a slot";

        // What the engine keeps elsewhere must not look like a restore.
        if (await CompleteAsync(longer, cancellationToken) is not { } control || control.Cached > 1)
            return "the engine does not empty a slot when it is told to";
        if (!await server.EraseAsync(Slot, cancellationToken))
            return "the engine refuses to empty a slot";
        if (await server.RestoreAsync(Slot, SlotStore.PartOf(name), cancellationToken) != saved)
            return "the engine does not restore what it saved";
        if (await CompleteAsync(longer, cancellationToken) is not { } restored)
            return "the engine does not answer after a restore";
        if (restored.Cached != expected.Cached)
        {
            return string.Create(
                CultureInfo.InvariantCulture, $"the engine uses {restored.Cached} tokens of a restored context instead of {expected.Cached}");
        }

        return restored.Tokens.SequenceEqual(expected.Tokens) ? null : "the engine answers differently after a restore";
    }

    // Layers with a sliding window only show behind the window whether they are restored.
    private async Task<IReadOnlyList<int>?> MakePromptAsync(CancellationToken cancellationToken)
    {
        if (await server.TokenizeAsync(Text, cancellationToken) is not { Count: > 1 } tokens)
            return null;
        long least = Math.Max(LeastTokens, window > 0 ? window + BeyondWindow : 0);
        var prompt = new List<int>(tokens);
        while (prompt.Count < least && prompt.Count <= MaxTokens)
            prompt.AddRange(tokens.Skip(1));
        return prompt;
    }

    private async Task<SlotCompletion?> CompleteAsync(IReadOnlyList<int> prompt, CancellationToken cancellationToken)
    {
        SlotCompletion? completion = await server.CompleteAsync(Slot, prompt, Generated, cancellationToken);
        Computed += completion?.Computed ?? 0;
        Produced += completion?.Generated ?? 0;
        return completion;
    }
}
