using System.Globalization;
using System.Text.Json;

namespace ModelRunner.LlamaHost.Grammars;

/// <summary>Reads the values of keywords and checks their types.</summary>
internal static class SchemaReading
{
    /// <summary>The names of JSON's types as schemas write them.</summary>
    public static readonly string[] TypeNames = ["object", "array", "string", "number", "integer", "boolean", "null"];

    /// <summary>A count that is not negative; null: the keyword is absent.</summary>
    /// <exception cref="SchemaException">It is not such a number.</exception>
    public static int? Count(JsonElement schema, string name)
    {
        if (!schema.TryGetProperty(name, out JsonElement value))
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double count) && double.IsInteger(count) && count >= 0)
            return (int)Math.Min(count, int.MaxValue);
        throw Wrong(name, "a whole number that is not negative");
    }

    /// <summary>A whole number as a limit; null: the keyword is absent.</summary>
    /// <exception cref="SchemaException">It is not a whole number.</exception>
    public static long? Limit(JsonElement schema, string name, bool roundsUp, bool roundsDown)
    {
        if (!schema.TryGetProperty(name, out JsonElement value))
            return null;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double limit))
            throw Wrong(name, "a number");
        if (roundsUp)
            limit = Math.Ceiling(limit);
        if (roundsDown)
            limit = Math.Floor(limit);
        if (!double.IsInteger(limit))
            throw Wrong(name, "a whole number, since llama-host generates digits");
        return (long)Math.Clamp(limit, -IntegerRange.Most - 1, IntegerRange.Most + 1);
    }

    /// <summary>The types that the schema names; empty: none.</summary>
    /// <exception cref="SchemaException">One is not a type.</exception>
    public static IReadOnlyList<string> Types(JsonElement schema)
    {
        if (!schema.TryGetProperty("type", out JsonElement value))
            return [];
        JsonElement[] names = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        if (names.Length == 0 || Array.Exists(names, name => name.ValueKind != JsonValueKind.String || !TypeNames.Contains(name.GetString())))
            throw Wrong("type", "made of object, array, string, number, integer, boolean and null");
        return [.. names.Select(name => name.GetString()!).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The members of an object; none if the keyword is absent.</summary>
    /// <exception cref="SchemaException">It is not an object.</exception>
    public static IReadOnlyList<JsonProperty> Members(JsonElement schema, string name)
    {
        if (!schema.TryGetProperty(name, out JsonElement value))
            return [];
        return value.ValueKind == JsonValueKind.Object ? [.. value.EnumerateObject()] : throw Wrong(name, "an object");
    }

    /// <summary>The items of a list.</summary>
    /// <exception cref="SchemaException">It is not a list, or an empty one.</exception>
    public static IReadOnlyList<JsonElement> Items(JsonElement value, string name) =>
        value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0
            ? [.. value.EnumerateArray()]
            : throw Wrong(name, "a list that is not empty");

    /// <summary>The text of a string.</summary>
    /// <exception cref="SchemaException">It is not a string, or contains an unpaired surrogate.</exception>
    public static string Text(JsonElement value, string name)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(name, "a string");
        }
        catch (InvalidOperationException)
        {
            throw Wrong(name, "a text without unpaired surrogates");
        }
    }

    /// <summary>Whether a value is of a type.</summary>
    public static bool IsOfType(JsonElement value, string type) => value.ValueKind switch
    {
        JsonValueKind.Object => type == "object",
        JsonValueKind.Array => type == "array",
        JsonValueKind.String => type == "string",
        JsonValueKind.Number => type == "number" || (type == "integer" && value.TryGetDouble(out double number) && double.IsInteger(number)),
        JsonValueKind.True or JsonValueKind.False => type == "boolean",
        _ => type == "null",
    };

    /// <summary>The error for a keyword with an invalid value.</summary>
    public static SchemaException Wrong(string name, string wanted) => new(string.Create(
        CultureInfo.InvariantCulture, $"in the JSON schema, \"{name}\" must be {wanted}"));
}
