using System.Text.Json;

namespace ModelRunner.Cli;

/// <summary>One chat request to a model.</summary>
/// <param name="Model">The model, as the user wrote it.</param>
/// <param name="Messages">The conversation; the last message is the question.</param>
internal sealed record ChatRequest(string Model, IReadOnlyList<ChatMessage> Messages)
{
    public int? MaxTokens { get; init; }

    public double? Temperature { get; init; }

    /// <summary>The body of a chat request in OpenAI's format.</summary>
    public ReadOnlyMemory<byte> ToJson(bool isStream)
    {
        return JsonObject.Write(json =>
        {
            json.WriteString("model", Model);
            json.WriteBoolean("stream", isStream);
            if (MaxTokens is { } maxTokens)
                json.WriteNumber("max_tokens", maxTokens);
            if (Temperature is { } temperature)
                json.WriteNumber("temperature", temperature);
            json.WriteStartArray("messages");
            foreach (ChatMessage message in Messages)
                WriteMessage(json, message);
            json.WriteEndArray();
        });
    }

    private static void WriteMessage(Utf8JsonWriter json, ChatMessage message)
    {
        json.WriteStartObject();
        json.WriteString("role", message.Role);
        json.WriteString("content", message.Content);
        json.WriteEndObject();
    }
}
