using System.Buffers;
using System.Text;
using System.Text.Json;

namespace ModelRunner.Cli;

/// <summary>Writes the JSON objects that commands send and print.</summary>
internal static class JsonObject
{
    /// <summary>An object in UTF-8.</summary>
    /// <param name="members">Writes its members.</param>
    public static ReadOnlyMemory<byte> Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    /// <summary>An object as text.</summary>
    /// <param name="members">Writes its members.</param>
    public static string Format(Action<Utf8JsonWriter> members) => Encoding.UTF8.GetString(Write(members).Span);
}
