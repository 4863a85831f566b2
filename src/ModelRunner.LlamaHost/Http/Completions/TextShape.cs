using System.Text.Json;
using LLama.Native;
using ModelRunner.LlamaHost.Loading;
using ModelRunner.LlamaHost.Tools;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>Plain completions: a text in, its continuation out.</summary>
internal sealed class TextShape : ICompletionShape
{
    /// <inheritdoc/>
    public string ObjectName => "text_completion";

    /// <inheritdoc/>
    public string ChunkName => "text_completion";

    /// <inheritdoc/>
    public string IdPrefix => "cmpl-";

    /// <inheritdoc/>
    public bool HasOpening => false;

    /// <inheritdoc/>
    public CompletionPrompt ReadPrompt(RequestBody body, LoadedModel model)
    {
        JsonElement prompt = body.Find("prompt") ?? throw ApiException.Invalid("\"prompt\" must be provided");
        if (prompt.ValueKind != JsonValueKind.Array || TokenList.IsIn(prompt))
            return new CompletionPrompt([ReadOne(prompt, model)]);
        if (prompt.GetArrayLength() == 0)
            throw ApiException.Invalid("\"prompt\" must not be empty");
        CompletionRequestReader.CheckPromptCount(prompt.GetArrayLength(), 1);
        return new CompletionPrompt([.. prompt.EnumerateArray().Select(one => ReadOne(one, model))]);
    }

    /// <inheritdoc/>
    public void WriteWhole(Utf8JsonWriter writer, string text, IReadOnlyList<ToolCall> calls)
    {
        writer.WriteString("text", text);
    }

    /// <inheritdoc/>
    public void WriteOpening(Utf8JsonWriter writer) => WritePiece(writer, null);

    /// <inheritdoc/>
    public void WritePiece(Utf8JsonWriter writer, AnswerPiece? piece) => WriteWhole(writer, piece?.Text ?? "", []);

    private static LLamaToken[] ReadOne(JsonElement prompt, LoadedModel model)
    {
        if (TokenList.IsIn(prompt))
            return CompletionRequestReader.CheckLength(TokenList.Read("prompt", prompt, model), model);
        CompletionRequestReader.CheckBytes([prompt], model);
        return prompt.ValueKind == JsonValueKind.String
            ? CompletionRequestReader.Tokenize(RequestBody.Text("prompt", prompt), model)
            : throw RequestBody.Wrong("prompt", prompt, "a string, a list of tokens, or a list of these");
    }
}
