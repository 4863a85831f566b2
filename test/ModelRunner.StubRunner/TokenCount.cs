using System.Text.Json;

namespace ModelRunner.StubRunner;

/// <summary>The stub's tokens are words, so that a test can count them by eye.</summary>
internal static class TokenCount
{
    /// <summary>Words of a text, of a list of texts, or of the contents of a list of messages.</summary>
    public static int Of(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => Of(value.GetString()!),
        JsonValueKind.Array => value.EnumerateArray().Sum(Of),
        JsonValueKind.Object when value.TryGetProperty("content", out JsonElement content) => Of(content),
        JsonValueKind.Object when value.TryGetProperty("text", out JsonElement text) => Of(text),
        JsonValueKind.Number => 1,
        _ => 0,
    };

    private static int Of(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;
}
