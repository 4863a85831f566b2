using ModelRunner.Telemetry.Reading;

namespace ModelRunner.Telemetry;

/// <summary>
/// Reads the token counts of one response while it passes, in parts of any size. Knows OpenAI's completions, chats, embeddings, reranking and
/// responses, Anthropic's messages, and llama-server's own completions. Never throws for what it reads, allocates nothing after it was created
/// and keeps no text of prompts or responses. Not thread-safe.
/// </summary>
/// <remarks>
/// <para>The counts come from the engine's <c>timings</c>, else from <c>usage</c>, else from counted events. Only members of the outermost
/// object count, and those of the object that Anthropic's and OpenAI's events wrap a response in.</para>
/// <para>Several choices: of a stream, the generated tokens of all choices are added and the prompt counts once, as llama-server counts them. If
/// they have different prompts, only the first prompt is counted. llama-server's JSON has the counts of the first choice only; then
/// <see cref="ResponseFigures.IsPartial"/> is true.</para>
/// </remarks>
public sealed class ResponseReader
{
    /// <summary>The most choices of a response that are told apart.</summary>
    internal const int MaxChoices = 16;

    private readonly DocumentReader _document = new();
    private readonly ResponseState _state;
    private readonly JsonScanner _scanner;
    private readonly EventReader? _events;
    private bool _isCompleted;

    /// <param name="format">How the response is written.</param>
    public ResponseReader(ResponseFormat format)
    {
        _state = new ResponseState(format);
        _scanner = new JsonScanner(_document);
        _events = format == ResponseFormat.Events ? new EventReader(_scanner, EndDocument) : null;
    }

    /// <summary>
    /// Whether an event with content, reasoning or a part of a tool call was read. The time at which it becomes true is the time of the first
    /// token. Always false if the response is not a stream.
    /// </summary>
    public bool HasContent => _state.HasContent;

    /// <summary>
    /// Whether the last event of a stream was read: <c>[DONE]</c>, or the event that ends Anthropic's messages or OpenAI's responses. Always false
    /// if the response is not a stream, or if its engine sends no such event.
    /// </summary>
    public bool HasLastEvent => _events is { } events && (events.IsDone || _state.HasEnd);

    /// <summary>
    /// Whether a stream of completions has begun and not ended: choices were read, but neither <c>[DONE]</c>, which ends OpenAI's streams, nor a
    /// finish reason, which servers without it still send, nor an error.
    /// </summary>
    public bool IsEndMissing => _events is { IsDone: false } && (_state.HasOpenChoices || _state.HasOpenDeltas);

    /// <summary>Whether the engine reported an error.</summary>
    public bool HasError => _state.HasError;

    /// <summary>The figures of what was read so far.</summary>
    public ResponseFigures Figures => _state.Sum();

    /// <summary>Reads the next bytes.</summary>
    public void Read(ReadOnlySpan<byte> part)
    {
        if (_isCompleted)
            return;
        if (_events is null)
            _scanner.Read(part);
        else
            _events.Read(part);
    }

    /// <summary>Ends the response. What is read later is ignored.</summary>
    public void Complete()
    {
        if (_isCompleted)
            return;
        if (_events is not null)
            _events.End();
        else if (!_scanner.IsEmpty)
            EndDocument();
        _isCompleted = true;
    }

    private void EndDocument()
    {
        if (_scanner.End())
            _state.Add(_document);
        else
            _state.IsLost = true;
        _scanner.Clear();
    }
}
