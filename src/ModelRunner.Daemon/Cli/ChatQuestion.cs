using System.Buffers;
using System.Text.Json;

namespace ModelRunner.Daemon.Cli;

/// <summary>One question to a model.</summary>
/// <param name="Model">The model, as the user wrote it.</param>
/// <param name="Prompt">What is asked.</param>
internal sealed record ChatQuestion(string Model, string Prompt)
{
    public string? System { get; init; }

    public int? MaxTokens { get; init; }

    public double? Temperature { get; init; }

    /// <summary>The body of a chat request in OpenAI's shape.</summary>
    public ReadOnlyMemory<byte> ToJson(bool isStream)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("model", Model);
        json.WriteBoolean("stream", isStream);
        if (MaxTokens is { } maxTokens)
            json.WriteNumber("max_tokens", maxTokens);
        if (Temperature is { } temperature)
            json.WriteNumber("temperature", temperature);
        json.WriteStartArray("messages");
        if (System is { } system)
            WriteMessage(json, "system", system);
        WriteMessage(json, "user", Prompt);
        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static void WriteMessage(Utf8JsonWriter json, string role, string content)
    {
        json.WriteStartObject();
        json.WriteString("role", role);
        json.WriteString("content", content);
        json.WriteEndObject();
    }
}
