using System.Text.Json;
using LLama.Native;
using ModelRunner.LlamaHost.Loading;

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
    public LLamaToken[] ReadPrompt(RequestBody body, LoadedModel model)
    {
        JsonElement prompt = body.Find("prompt") ?? throw ApiException.Invalid("\"prompt\" must be provided");
        if (TokenList.IsIn(prompt))
            return TokenList.Read("prompt", prompt, model);
        if (prompt.ValueKind == JsonValueKind.Array)
        {
            if (prompt.GetArrayLength() != 1)
                throw ApiException.Invalid("\"prompt\" must be one text or one list of tokens: one request gets one answer");
            prompt = prompt[0];
            if (TokenList.IsIn(prompt))
                return TokenList.Read("prompt", prompt, model);
        }

        return model.Tokenize(RequestBody.Text("prompt", prompt));
    }

    /// <inheritdoc/>
    public void WriteWhole(Utf8JsonWriter writer, string text)
    {
        writer.WriteString("text", text);
        writer.WriteNull("logprobs");
    }

    /// <inheritdoc/>
    public void WriteOpening(Utf8JsonWriter writer) => WritePiece(writer, null);

    /// <inheritdoc/>
    public void WritePiece(Utf8JsonWriter writer, string? text) => WriteWhole(writer, text ?? "");
}
