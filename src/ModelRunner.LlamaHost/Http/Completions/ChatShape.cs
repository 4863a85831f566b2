using System.Text.Json;
using ModelRunner.LlamaHost.Loading;
using ModelRunner.LlamaHost.Tools;

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
    public CompletionPrompt ReadPrompt(RequestBody body, LoadedModel model)
    {
        CompletionRequestReader.CheckBytes(ChatMessages.FindTexts(body), model);
        ToolSet? tools = ToolSetReader.Read(body, model.ChatTemplate);
        return new CompletionPrompt([CompletionRequestReader.Tokenize(ChatPrompt.Write(body, model, tools), model)], tools);
    }

    /// <inheritdoc/>
    public void WriteWhole(Utf8JsonWriter writer, string text, IReadOnlyList<ToolCall> calls)
    {
        writer.WriteStartObject("message");
        writer.WriteString("role", "assistant");
        writer.WriteString("content", calls.Count > 0 && text.Length == 0 ? null : text);
        if (calls.Count > 0)
        {
            writer.WriteStartArray("tool_calls");
            foreach (ToolCall call in calls)
                WriteCall(writer, call, hasIndex: false);
            writer.WriteEndArray();
        }

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
    public void WritePiece(Utf8JsonWriter writer, AnswerPiece? piece)
    {
        writer.WriteStartObject("delta");
        if (piece?.Text is { } text)
            writer.WriteString("content", text);
        if (piece?.Call is { } call)
        {
            writer.WriteStartArray("tool_calls");
            WriteCall(writer, call, hasIndex: true);
            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static void WriteCall(Utf8JsonWriter writer, ToolCall call, bool hasIndex)
    {
        writer.WriteStartObject();
        if (hasIndex)
            writer.WriteNumber("index", call.Index);
        writer.WriteString("id", call.Id);
        writer.WriteString("type", "function");
        writer.WriteStartObject("function");
        writer.WriteString("name", call.Name);
        writer.WriteString("arguments", call.Arguments);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
