using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ModelRunner.LlamaHost.Tests.Grammars;

/// <summary>Validates values by JSON schemas, as far as the tests use them. It shares nothing with the code that makes grammars.</summary>
internal static class SchemaValidator
{
    public static bool IsValid(JsonElement value, JsonElement schema, JsonElement root)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
            return schema.GetBoolean();
        return schema.EnumerateObject().All(keyword => Holds(value, keyword.Name, keyword.Value, schema, root));
    }

    private static bool Holds(JsonElement value, string keyword, JsonElement by, JsonElement schema, JsonElement root) => keyword switch
    {
        "type" => by.ValueKind == JsonValueKind.Array
            ? by.EnumerateArray().Any(type => IsOfType(value, type.GetString()!)) : IsOfType(value, by.GetString()!),
        "const" => JsonElement.DeepEquals(value, by),
        "enum" => by.EnumerateArray().Any(one => JsonElement.DeepEquals(value, one)),
        "anyOf" => by.EnumerateArray().Any(one => IsValid(value, one, root)),
        "oneOf" => by.EnumerateArray().Count(one => IsValid(value, one, root)) == 1,
        "allOf" => by.EnumerateArray().All(one => IsValid(value, one, root)),
        "$ref" => IsValid(value, root.GetProperty("$defs").GetProperty(by.GetString()!["#/$defs/".Length..]), root),
        _ => value.ValueKind switch
        {
            JsonValueKind.Object => HoldsObject(value, keyword, by, schema, root),
            JsonValueKind.Array => HoldsArray(value, keyword, by, schema, root),
            JsonValueKind.String => HoldsText(value.GetString()!, keyword, by),
            JsonValueKind.Number => HoldsNumber(value.GetDouble(), keyword, by),
            _ => true,
        },
    };

    private static bool HoldsObject(JsonElement value, string keyword, JsonElement by, JsonElement schema, JsonElement root) => keyword switch
    {
        "required" => by.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _)),
        "properties" => by.EnumerateObject().All(one => !value.TryGetProperty(one.Name, out JsonElement member) || IsValid(member, one.Value, root)),
        "additionalProperties" => value.EnumerateObject().All(member =>
            (schema.TryGetProperty("properties", out JsonElement known) && known.TryGetProperty(member.Name, out _)) || IsValid(member.Value, by, root)),
        _ => true,
    };

    private static bool HoldsArray(JsonElement value, string keyword, JsonElement by, JsonElement schema, JsonElement root) => keyword switch
    {
        "minItems" => value.GetArrayLength() >= by.GetInt32(),
        "maxItems" => value.GetArrayLength() <= by.GetInt32(),
        "prefixItems" => by.EnumerateArray().Zip(value.EnumerateArray()).All(pair => IsValid(pair.Second, pair.First, root)),
        "items" => value.EnumerateArray().Skip(schema.TryGetProperty("prefixItems", out JsonElement start) ? start.GetArrayLength() : 0)
            .All(item => IsValid(item, by, root)),
        _ => true,
    };

    private static bool HoldsText(string value, string keyword, JsonElement by) => keyword switch
    {
        "minLength" => value.EnumerateRunes().Count() >= by.GetInt32(),
        "maxLength" => value.EnumerateRunes().Count() <= by.GetInt32(),
        "format" => IsOfFormat(value, by.GetString()!),
        _ => true,
    };

    private static bool HoldsNumber(double value, string keyword, JsonElement by) => keyword switch
    {
        "minimum" => value >= by.GetDouble(),
        "maximum" => value <= by.GetDouble(),
        "exclusiveMinimum" => value > by.GetDouble(),
        "exclusiveMaximum" => value < by.GetDouble(),
        _ => true,
    };

    private static bool IsOfType(JsonElement value, string type) => value.ValueKind switch
    {
        JsonValueKind.Number => type == "number" || (type == "integer" && double.IsInteger(value.GetDouble())),
        JsonValueKind.True or JsonValueKind.False => type == "boolean",
        _ => string.Equals(type, value.ValueKind.ToString(), StringComparison.OrdinalIgnoreCase),
    };

    private static bool IsOfFormat(string value, string format) => format switch
    {
        "date" => DateOnly.TryParseExact(value, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "time" => DateTimeOffset.TryParse("2024-01-01T" + value, CultureInfo.InvariantCulture, out _) || HasLargeOffset(value),
        "date-time" => DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, out _) || HasLargeOffset(value),
        "uuid" => Guid.TryParseExact(value, "D", out _),
        "ipv4" => System.Net.IPAddress.TryParse(value, out System.Net.IPAddress? address) && address.ToString() == value,
        "email" => System.Net.Mail.MailAddress.TryCreate(value, out System.Net.Mail.MailAddress? mail) && mail.Address == value,
        "hostname" => Uri.CheckHostName(value) == UriHostNameType.Dns,
        "uri" => Uri.TryCreate(value, UriKind.Absolute, out _),
        _ => false,
    };

    // The standard allows 23:59; .NET only 14:00.
    private static bool HasLargeOffset(string value) =>
        Regex.IsMatch(value, "[+-](1[4-9]|2[0-3]):[0-5][0-9]$", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
}
