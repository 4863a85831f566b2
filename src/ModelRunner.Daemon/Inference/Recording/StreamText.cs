using System.Text;
using System.Text.Json;

namespace ModelRunner.Daemon.Inference.Recording;

/// <summary>Joins the events of a chat into one response, as Docker Model Runner does, since people want to read the text and not its pieces.</summary>
internal static class StreamText
{
    private const string Chunk = "chat.completion.chunk";

    /// <summary>The response; null: it is no chat, or has more than text, so that only the events tell what was sent.</summary>
    public static string? TryJoin(ReadOnlySpan<byte> events)
    {
        var text = new StringBuilder();
        var thoughts = new StringBuilder();
        using var last = new LastChunk();
        foreach (string line in Encoding.UTF8.GetString(events).Split('\n'))
        {
            if (!line.StartsWith("data: ", StringComparison.Ordinal) || line.StartsWith("data: [DONE]", StringComparison.Ordinal))
                continue;
            if (!TryAdd(line["data: ".Length..], text, thoughts, last))
                return null;
        }

        return last.Root is { } root ? Write(root, last.FinishReason, text.ToString(), thoughts.ToString()) : null;
    }

    private static bool TryAdd(string data, StringBuilder text, StringBuilder thoughts, LastChunk last)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(data);
        }
        catch (JsonException)
        {
            // The last event may be cut off.
            return true;
        }

        JsonElement root = document.RootElement;
        if (!IsChunk(root) || !TryReadChoices(root, text, thoughts, last))
        {
            document.Dispose();
            return false;
        }

        last.Replace(document);
        return true;
    }

    private static bool IsChunk(JsonElement root) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty("object"u8, out JsonElement kind) && kind.ValueEqualsText(Chunk);

    private static bool TryReadChoices(JsonElement root, StringBuilder text, StringBuilder thoughts, LastChunk last)
    {
        if (!root.TryGetProperty("choices"u8, out JsonElement choices) || choices.ValueKind != JsonValueKind.Array)
            return true;
        foreach (JsonElement choice in choices.EnumerateArray())
        {
            if (choice.ValueKind != JsonValueKind.Object || (choice.TryGetProperty("index"u8, out JsonElement index) && index.ToString() != "0"))
                return false;
            if (choice.TryGetProperty("finish_reason"u8, out JsonElement reason) && reason.ValueKind == JsonValueKind.String)
                last.FinishReason = reason.GetString();
            if (!choice.TryGetProperty("delta"u8, out JsonElement delta) || delta.ValueKind != JsonValueKind.Object)
                continue;
            foreach (JsonProperty member in delta.EnumerateObject())
            {
                StringBuilder? target = member.Name switch { "content" => text, "reasoning_content" => thoughts, _ => null };
                if (target is null && member.Name != "role" && member.Value.ValueKind != JsonValueKind.Null)
                    return false;
                if (member.Value.ValueKind == JsonValueKind.String)
                    target?.Append(member.Value.GetString());
            }
        }

        return true;
    }

    private static string Write(JsonElement root, string? finishReason, string text, string thoughts)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            foreach (JsonProperty member in root.EnumerateObject())
                if (member.Name is not ("choices" or "object"))
                    member.WriteTo(json);
            json.WriteString("object"u8, "chat.completion"u8);
            json.WriteStartArray("choices"u8);
            json.WriteStartObject();
            json.WriteNumber("index"u8, 0);
            json.WriteStartObject("message"u8);
            json.WriteString("role"u8, "assistant"u8);
            json.WriteString("content"u8, text);
            if (thoughts.Length > 0)
                json.WriteString("reasoning_content"u8, thoughts);
            json.WriteEndObject();
            json.WriteString("finish_reason"u8, finishReason);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static bool ValueEqualsText(this JsonElement element, string text) => element.ValueKind == JsonValueKind.String && element.ValueEquals(text);

    /// <summary>The newest event; it has what is not text, such as the token counts.</summary>
    private sealed class LastChunk : IDisposable
    {
        private JsonDocument? _document;

        public JsonElement? Root => _document?.RootElement;

        public string? FinishReason { get; set; }

        public void Replace(JsonDocument document)
        {
            _document?.Dispose();
            _document = document;
        }

        public void Dispose() => _document?.Dispose();
    }
}
