using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ModelRunner.Daemon.Inference.Exchange;

/// <summary>Writes JSON values.</summary>
internal static class JsonText
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A string with its quotes, in UTF-8.</summary>
    public static byte[] Quote(string text)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer, Options);
        json.WriteStringValue(text);
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
