using System.Text;
using System.Text.Json;
using ModelRunner.Daemon.Diagnostics;

namespace ModelRunner.Daemon.Cli;

/// <summary>Finds the sentence in the body of an error.</summary>
internal static class ErrorBody
{
    private const int MaxLength = 2000;

    /// <summary>The message of an error in OpenAI's shape, or the first line of a text; null where there is neither.</summary>
    public static string? Read(ReadOnlySpan<byte> body)
    {
        string text = Encoding.UTF8.GetString(body).Trim();
        string? message = text.StartsWith('{') ? ReadMessage(text) : text.Split('\n')[0];
        return string.IsNullOrWhiteSpace(message) ? null : PlainText.EscapeAndCut(message.Trim(), MaxLength);
    }

    private static string? ReadMessage(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return ReadMessage(document.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The message of <c>{"error":{"message":"…"}}</c> or <c>{"error":"…"}</c>; null where it is something else.</summary>
    public static string? ReadMessage(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("error", out JsonElement error))
            return null;
        if (error.ValueKind == JsonValueKind.String)
            return error.GetString();

        return error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out JsonElement message)
            && message.ValueKind == JsonValueKind.String ? message.GetString() : null;
    }
}
