using System.Text;
using System.Text.Json;

namespace ModelRunner.Telemetry.Tests.Support;

/// <summary>Finds the figures of a response with System.Text.Json, from the whole body, slowly and plainly.</summary>
internal static class ReferenceReader
{
    private static readonly string[] ContentOfDelta = ["content", "reasoning_content", "reasoning", "tool_calls", "function_call", "refusal"];
    private static readonly string[] ContentOfBlock = ["text", "thinking", "partial_json"];

    public static ResponseFigures Read(byte[] body, ResponseFormat format)
    {
        bool isLost = false;
        List<string> texts = format == ResponseFormat.Json ? [Encoding.UTF8.GetString(body)] : [.. SplitEvents(Encoding.UTF8.GetString(body))];
        var documents = new List<JsonElement>();
        foreach (string text in texts.Where(static text => text.Trim(' ', '\t', '\r', '\n').Length > 0))
        {
            if (TryParse(text) is { } document)
                documents.Add(document);
            else
                isLost = true;
        }

        return new ReferenceSum(format).Sum(documents) with { IsLost = isLost };
    }

    public static JsonElement? TryParse(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A count of tokens; null: the value is none.</summary>
    public static long? Count(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && !value.GetRawText().StartsWith('-') && value.TryGetInt64(out long count) && count <= int.MaxValue
            ? count
            : null;

    /// <summary>A short text; null: the value is none. A long one is empty.</summary>
    public static string? Word(JsonElement value) => value.ValueKind != JsonValueKind.String
        ? null
        : value.GetString() is { Length: <= 64 } text ? text : "";

    public static bool IsContent(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!.Length > 0,
        JsonValueKind.Array => value.GetArrayLength() > 0,
        JsonValueKind.Object => value.EnumerateObject().Any(),
        _ => false,
    };

    public static bool HasContentOfDelta(JsonElement delta) =>
        delta.EnumerateObject().Any(static member => ContentOfDelta.Contains(member.Name) && IsContent(member.Value));

    public static bool HasContentOfBlock(JsonElement delta) =>
        delta.EnumerateObject().Any(static member => ContentOfBlock.Contains(member.Name) && IsContent(member.Value));

    private static IEnumerable<string> SplitEvents(string text)
    {
        string data = "";
        foreach (string line in text.TrimStart('\uFEFF').Replace("\r\n", "\n").Replace('\r', '\n').Split('\n').Append(""))
        {
            if (line.StartsWith("data:", StringComparison.Ordinal))
            {
                string part = line["data:".Length..];
                if (data.Trim(' ', '\t', '\n').Length == 0 && part.Trim(' ', '\t') == "[DONE]")
                    yield break;
                data += part + "\n";
            }

            if (line.Length == 0 || (data.Length > 0 && TryParse(data) is not null))
            {
                yield return data;
                data = "";
            }
        }
    }
}
