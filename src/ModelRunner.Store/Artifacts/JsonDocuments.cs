using System.Text.Json;

namespace ModelRunner.Store.Artifacts;

/// <summary>Reads JSON that another machine or program wrote.</summary>
internal static class JsonDocuments
{
    /// <summary>
    /// Reads a document. Half of a surrogate pair, as in <c>"\ud800"</c>, is valid for .NET's parser and fails only where a text or a name of a member
    /// is read. Here it is invalid JSON as well, so that callers have one kind of failure.
    /// </summary>
    /// <param name="json">The bytes.</param>
    /// <param name="read">Reads from the outermost value. The value is not valid afterwards.</param>
    /// <exception cref="JsonException">It is no JSON, or has a text that is not Unicode.</exception>
    public static T Read<T>(ReadOnlyMemory<byte> json, Func<JsonElement, T> read)
    {
        using var document = JsonDocument.Parse(json);
        try
        {
            return read(document.RootElement);
        }
        catch (InvalidOperationException failure)
        {
            throw new JsonException("a text is not valid Unicode", failure);
        }
    }

    /// <summary>The text of a member; null: the value is no object, or has no such text.</summary>
    public static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()
            : null;
}
