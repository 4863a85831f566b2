using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ModelRunner.Store.Layout;
using ModelRunner.Store.Pulls;

namespace ModelRunner.Daemon.Pulling;

/// <summary>One line of progress in Docker Model Runner's shape.</summary>
/// <param name="Type"><c>progress</c>, <c>success</c> or <c>error</c>.</param>
/// <param name="Message">For a person.</param>
/// <param name="Total">Bytes of the whole model.</param>
/// <param name="Mode"><c>pull</c>, <c>push</c> or <c>verify</c>.</param>
internal sealed record ProgressLine(string Type, string Message, long Total, string Mode)
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The file that it is about, and how many bytes of it are there; null: it is about none.</summary>
    public (FileProgress File, long Bytes)? Layer { get; init; }

    /// <summary>The model that is in the store now, whose id and names are told; null: none is told.</summary>
    public StoreEntry? Entry { get; init; }

    /// <summary>Writes further members; null: there are none.</summary>
    public Action<Utf8JsonWriter>? More { get; init; }

    /// <summary>Writes a line: one JSON object, escaped for HTML unless the client asked for JSON.</summary>
    public static byte[] Write(ProgressLine line, bool isJson)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, Options))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, line.Type);
            json.WriteString("message"u8, line.Message);
            json.WriteNumber("total"u8, line.Total);
            json.WriteStartObject("layer"u8);
            json.WriteString("id"u8, line.Layer?.File.File.Digest.ToString() ?? "");
            json.WriteNumber("size"u8, line.Layer?.File.File.Size ?? 0);
            json.WriteNumber("current"u8, line.Layer?.Bytes ?? 0);
            if (line.Layer is { } known)
                json.WriteString("role"u8, RoleText.Of(known.File.File));
            json.WriteEndObject();
            json.WriteString("mode"u8, line.Mode);
            if (line.Entry is { } entry)
                WriteEntry(json, entry);
            line.More?.Invoke(json);
            json.WriteEndObject();
        }

        string written = Encoding.UTF8.GetString(text.ToArray());
        return Encoding.UTF8.GetBytes((isJson ? written : WebUtility.HtmlEncode(written)) + "\n");
    }

    private static void WriteEntry(Utf8JsonWriter json, StoreEntry entry)
    {
        json.WriteString("id"u8, entry.Id.ToString());
        json.WriteStartArray("tags"u8);
        foreach (string tag in entry.Tags)
            json.WriteStringValue(tag);
        json.WriteEndArray();
    }
}
