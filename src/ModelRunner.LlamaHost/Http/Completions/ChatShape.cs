using System.Text.Json;
using LLama.Native;
using ModelRunner.LlamaHost.Loading;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>Chat completions: messages in, a message out.</summary>
internal sealed class ChatShape : ICompletionShape
{
    /// <inheritdoc/>
    public string ObjectName => "chat.completion";

    /// <inheritdoc/>
    public string ChunkName => "chat.completion.chunk";

    /// <inheritdoc/>
    public string IdPrefix => "chatcmpl-";

    /// <inheritdoc/>
    public bool HasOpening => true;

    /// <inheritdoc/>
    public LLamaToken[] ReadPrompt(RequestBody body, LoadedModel model)
    {
        IReadOnlyList<(string Role, string Content)> messages = ChatMessages.Read(body);
        if (!model.ChatTemplate.IsKnown)
            throw ApiException.NeedsLlamaServer("this model's chat template, a Jinja program,");
        return model.Tokenize(model.ChatTemplate.Apply(messages));
    }

    /// <inheritdoc/>
    public void WriteWhole(Utf8JsonWriter writer, string text)
    {
        writer.WriteStartObject("message");
        writer.WriteString("role", "assistant");
        writer.WriteString("content", text);
        writer.WriteEndObject();
    }

    /// <inheritdoc/>
    public void WriteOpening(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("delta");
        writer.WriteString("role", "assistant");
        writer.WriteNull("content");
        writer.WriteEndObject();
    }

    /// <inheritdoc/>
    public void WritePiece(Utf8JsonWriter writer, string? text)
    {
        writer.WriteStartObject("delta");
        if (text is not null)
            writer.WriteString("content", text);
        writer.WriteEndObject();
    }
}
