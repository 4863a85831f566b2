using System.Threading.Channels;

namespace ModelRunner.LlamaHost.Generation;

/// <summary>
/// One request in the engine: the inference thread writes its text and the HTTP side reads it. The slot's context bounds the unread text.
/// </summary>
/// <param name="settings">The parameters of the request.</param>
/// <param name="grammar">The grammar of the response; the job disposes it at its end. Null: none.</param>
/// <param name="clientLeft">Cancelled when the client no longer waits for the response.</param>
internal sealed class GenerationJob(GenerationSettings settings, GrammarSampler? grammar, CancellationToken clientLeft)
{
    private readonly Channel<TextPiece> _text =
        Channel.CreateUnbounded<TextPiece>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });

    /// <summary>The parameters of the request.</summary>
    public GenerationSettings Settings { get; } = settings;

    /// <summary>The grammar of the response; null: none.</summary>
    public GrammarSampler? Grammar { get; } = grammar;

    /// <summary>Cancelled when the client no longer waits for the response.</summary>
    public CancellationToken ClientLeft { get; } = clientLeft;

    /// <summary>The response, piece by piece. Completes when the request ends, whatever the reason.</summary>
    public ChannelReader<TextPiece> Text => _text.Reader;

    /// <summary>The result of the request; set before <see cref="Text"/> completes.</summary>
    public GenerationOutcome? Outcome { get; private set; }

    /// <summary>Writes a piece of the response.</summary>
    public void Write(TextPiece piece) => _text.Writer.TryWrite(piece);

    /// <summary>Ends the request.</summary>
    public void Complete(GenerationOutcome outcome)
    {
        Grammar?.Dispose();
        Outcome = outcome;
        _text.Writer.TryComplete();
    }

    /// <summary>Completes a request that never got a slot.</summary>
    public void CompleteUnstarted(FinishReason reason, string? failure) =>
        Complete(new GenerationOutcome { Reason = reason, PromptTokens = Settings.Prompt.Length, Failure = failure });
}
