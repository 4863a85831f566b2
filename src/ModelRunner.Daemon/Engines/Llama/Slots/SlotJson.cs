using System.Buffers;
using System.Text.Json;

namespace ModelRunner.Daemon.Engines.Llama.Slots;

/// <summary>Reads and writes the small JSON objects that are stored beside saved contexts.</summary>
internal static class SlotJson
{
    /// <summary>Reads an object. Null if it has another form.</summary>
    /// <param name="body">The stored text.</param>
    /// <param name="read">Reads the members. It may throw what <see cref="JsonElement"/> throws for missing members and other types.</param>
    public static T? Parse<T>(ReadOnlyMemory<byte> body, Func<JsonElement, T> read)
        where T : class
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return read(document.RootElement);
        }
        catch (Exception failure) when (failure is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    /// <summary>Writes an object with these members.</summary>
    public static byte[] Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        members(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
