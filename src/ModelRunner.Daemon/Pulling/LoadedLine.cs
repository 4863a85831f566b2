using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ModelRunner.Store.Archives;

namespace ModelRunner.Daemon.Pulling;

/// <summary>
/// The line after a model was loaded from an archive: that of Docker Model Runner, with the id and the names of the model in addition.
/// </summary>
internal static class LoadedLine
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes it: one JSON object, escaped for HTML unless the client asked for JSON.</summary>
    public static byte[] Write(LoadedModel loaded, bool isJson)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, Options))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "success"u8);
            json.WriteString("message"u8, "Model loaded successfully"u8);
            json.WriteNumber("total"u8, loaded.TotalBytes);
            json.WriteStartObject("layer"u8);
            json.WriteString("id"u8, ""u8);
            json.WriteNumber("size"u8, 0);
            json.WriteNumber("current"u8, 0);
            json.WriteEndObject();
            json.WriteString("mode"u8, "pull"u8);
            json.WriteString("id"u8, loaded.Entry.Id.ToString());
            json.WriteStartArray("tags"u8);
            foreach (string tag in loaded.Entry.Tags)
                json.WriteStringValue(tag);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        string line = Encoding.UTF8.GetString(text.ToArray());
        return Encoding.UTF8.GetBytes((isJson ? line : WebUtility.HtmlEncode(line)) + "\n");
    }
}
