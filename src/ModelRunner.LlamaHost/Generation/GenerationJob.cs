using System.Threading.Channels;

namespace ModelRunner.LlamaHost.Generation;

/// <summary>
/// One request on its way through the engine: the HTTP side waits for its text, the inference thread writes it. The text that can wait
/// unread is bounded by the slot's context.
/// </summary>
/// <param name="settings">What is asked for.</param>
/// <param name="grammar">What the answer must follow; the job disposes it at its end. Null: nothing.</param>
/// <param name="clientLeft">Is cancelled when nobody waits for the answer any more.</param>
internal sealed class GenerationJob(GenerationSettings settings, GrammarSampler? grammar, CancellationToken clientLeft)
{
    private readonly Channel<TextPiece> _text =
        Channel.CreateUnbounded<TextPiece>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    /// <summary>What is asked for.</summary>
    public GenerationSettings Settings { get; } = settings;

    /// <summary>What the answer must follow; null: nothing.</summary>
    public GrammarSampler? Grammar { get; } = grammar;

    /// <summary>Is cancelled when nobody waits for the answer any more.</summary>
    public CancellationToken ClientLeft { get; } = clientLeft;

    /// <summary>The answer, piece by piece. It completes when the request is done, whatever the reason.</summary>
    public ChannelReader<TextPiece> Text => _text.Reader;

    /// <summary>What the request came to; set before <see cref="Text"/> completes.</summary>
    public GenerationOutcome? Outcome { get; private set; }

    /// <summary>Gives out a piece of the answer.</summary>
    public void Write(TextPiece piece) => _text.Writer.TryWrite(piece);

    /// <summary>Ends the request.</summary>
    public void Complete(GenerationOutcome outcome)
    {
        Grammar?.Dispose();
        Outcome = outcome;
        _text.Writer.TryComplete();
    }

    /// <summary>Ends a request that never got a slot.</summary>
    public void CompleteUnstarted(FinishReason reason, string? failure) =>
        Complete(new GenerationOutcome { Reason = reason, PromptTokens = Settings.Prompt.Length, Failure = failure });
}
