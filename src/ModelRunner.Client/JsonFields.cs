using System.Globalization;
using System.Text.Json;

namespace ModelRunner.Client;

/// <summary>Reads members that may be missing, since daemons of other versions may send more or fewer.</summary>
internal static class JsonFields
{
    /// <summary>A string, or a number as text; empty if there is neither.</summary>
    public static string Text(this JsonElement element, string name) => element.Member(name) is not { } member ? "" : member.ValueKind switch
    {
        JsonValueKind.String => member.GetString() ?? "",
        JsonValueKind.Number => member.GetRawText(),
        _ => "",
    };

    /// <summary>Whether a member exists and is true.</summary>
    public static bool IsTrue(this JsonElement element, string name) => element.Member(name) is { ValueKind: JsonValueKind.True };

    /// <summary>A whole number; null if there is none.</summary>
    public static long? Integer(this JsonElement element, string name) =>
        long.TryParse(element.Text(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : null;

    /// <summary>A member of an object; null if it is missing or null, or the element is not an object.</summary>
    public static JsonElement? Member(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement member) && member.ValueKind != JsonValueKind.Null
            ? member
            : null;

    /// <summary>The items of an array; none if it is something else.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement element) =>
        element.ValueKind == JsonValueKind.Array ? element.EnumerateArray() : [];
}
