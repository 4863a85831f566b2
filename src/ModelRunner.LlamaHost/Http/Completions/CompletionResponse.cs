using System.Text.Json;
using ModelRunner.LlamaHost.Generation;
using ModelRunner.LlamaHost.Loading;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>Writes the JSON of one response: complete, or event by event.</summary>
/// <param name="shape">Chat or plain text.</param>
/// <param name="model">The model, whose name the response contains.</param>
/// <param name="created">When the request arrived, in seconds since 1970.</param>
internal sealed class CompletionResponse(ICompletionShape shape, LoadedModel model, long created)
{
    private readonly ProbabilityWriter _probabilities = new(model);
    private readonly string _id = shape.IdPrefix + Guid.NewGuid().ToString("N");

    /// <summary>Writes a complete response.</summary>
    /// <param name="writer">The writer.</param>
    /// <param name="choices">The choices.</param>
    /// <param name="sum">The sum over all choices.</param>
    public void WriteWhole(Utf8JsonWriter writer, IReadOnlyList<WholeResponse> choices, GenerationOutcome sum)
    {
        writer.WriteStartArray("choices");
        foreach (WholeResponse whole in choices)
        {
            WriteChoice(
                writer, whole.Choice.Index, whole.Choice.FinishWord, members => shape.WriteWhole(members, whole.Text, whole.Calls), whole.Tokens);
        }

        writer.WriteEndArray();
        WriteHead(writer, shape.ObjectName);
        WriteUsage(writer, sum);
        WriteTimings(writer, sum);
    }

    /// <summary>The event with the role.</summary>
    public ReadOnlyMemory<byte> Opening(int index) => Event(index, null, shape.WriteOpening, null, null);

    /// <summary>An event with a piece of the response.</summary>
    public ReadOnlyMemory<byte> Piece(int index, AnswerPiece piece) =>
        Event(index, null, choice => shape.WritePiece(choice, piece), piece.Tokens, null);

    /// <summary>The event with the finish reason, and with the timings of the choice if no other event has them.</summary>
    public ReadOnlyMemory<byte> Last(ChoiceResponse choice, bool hasTimings) =>
        Event(choice.Index, choice.FinishWord, members => shape.WritePiece(members, null), null, hasTimings ? choice.Outcome : null);

    /// <summary>
    /// The event with the numbers of tokens, without a choice. It has timings only if there is one choice: those of several are in the events of
    /// the choices, because a reader could not tell to which choice a sum belongs.
    /// </summary>
    public ReadOnlyMemory<byte> Usage(GenerationOutcome sum, bool hasTimings) => JsonResponse.Object(writer =>
    {
        writer.WriteStartArray("choices");
        writer.WriteEndArray();
        WriteHead(writer, shape.ChunkName);
        WriteUsage(writer, sum);
        if (hasTimings)
            WriteTimings(writer, sum);
    });

    private ReadOnlyMemory<byte> Event(
        int index, string? finishWord, Action<Utf8JsonWriter> writeChoice, IReadOnlyList<TokenProbability>? tokens, GenerationOutcome? timed) =>
        JsonResponse.Object(writer =>
        {
            writer.WriteStartArray("choices");
            WriteChoice(writer, index, finishWord, writeChoice, tokens);
            writer.WriteEndArray();
            WriteHead(writer, shape.ChunkName);
            if (timed is not null)
                WriteTimings(writer, timed);
        });

    private void WriteChoice(
        Utf8JsonWriter writer, int index, string? finishWord, Action<Utf8JsonWriter> writeChoice, IReadOnlyList<TokenProbability>? tokens)
    {
        writer.WriteStartObject();
        writer.WriteString("finish_reason", finishWord);
        writer.WriteNumber("index", index);
        writeChoice(writer);
        if (tokens is not null)
            _probabilities.Write(writer, tokens);
        else if (!shape.HasOpening)
            writer.WriteNull("logprobs");
        writer.WriteEndObject();
    }

    private void WriteHead(Utf8JsonWriter writer, string objectName)
    {
        writer.WriteNumber("created", created);
        writer.WriteString("id", _id);
        writer.WriteString("model", model.Settings.ModelName);
        writer.WriteString("system_fingerprint", BuildInfo.Text);
        writer.WriteString("object", objectName);
    }

    private static void WriteUsage(Utf8JsonWriter writer, GenerationOutcome outcome)
    {
        writer.WriteStartObject("usage");
        writer.WriteNumber("completion_tokens", outcome.PredictedTokens);
        writer.WriteNumber("prompt_tokens", outcome.PromptTokens);
        writer.WriteNumber("total_tokens", outcome.PromptTokens + outcome.PredictedTokens);
        writer.WriteStartObject("prompt_tokens_details");
        writer.WriteNumber("cached_tokens", outcome.CachedTokens);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    // As in llama-server, the generation rate excludes the first token, whose time belongs to the prompt.
    private static void WriteTimings(Utf8JsonWriter writer, GenerationOutcome outcome)
    {
        int computed = outcome.PromptTokens - outcome.CachedTokens;
        int steps = Math.Max(0, outcome.PredictedTokens - 1);
        writer.WriteStartObject("timings");
        writer.WriteNumber("cache_n", outcome.CachedTokens);
        writer.WriteNumber("prompt_n", computed);
        writer.WriteNumber("prompt_ms", outcome.PromptTime.TotalMilliseconds);
        writer.WriteNumber("prompt_per_token_ms", Ratio(outcome.PromptTime.TotalMilliseconds, computed));
        writer.WriteNumber("prompt_per_second", Ratio(computed, outcome.PromptTime.TotalSeconds));
        writer.WriteNumber("predicted_n", outcome.PredictedTokens);
        writer.WriteNumber("predicted_ms", outcome.PredictedTime.TotalMilliseconds);
        writer.WriteNumber("predicted_per_token_ms", Ratio(outcome.PredictedTime.TotalMilliseconds, steps));
        writer.WriteNumber("predicted_per_second", Ratio(steps, outcome.PredictedTime.TotalSeconds));
        writer.WriteEndObject();
    }

    private static double Ratio(double value, double by) => by > 0 ? value / by : 0;
}
