using System.Buffers;
using System.Text;
using System.Text.Json;
using ModelRunner.Client;

namespace ModelRunner.Cli;

/// <summary>Writes the JSON objects that commands send and print, and reads those of the daemon.</summary>
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

    /// <summary>Writes a member that is a list of texts.</summary>
    public static void WriteList(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }

    /// <summary>An object as text.</summary>
    /// <param name="members">Writes its members.</param>
    public static string Format(Action<Utf8JsonWriter> members) => Encoding.UTF8.GetString(Write(members).Span);

    /// <summary>Reads what the daemon sent.</summary>
    /// <param name="text">The text.</param>
    /// <param name="what">What it is, with an article.</param>
    /// <exception cref="CliFailure">It is not JSON.</exception>
    public static JsonDocument Parse(string text, string what)
    {
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException)
        {
            throw new CliFailure($"the daemon sent {what} that is not JSON; another program may have responded", ExitCode.Failure);
        }
    }
}
