using System.Text.Encodings.Web;
using System.Text.Json;

namespace ModelRunner.LlamaHost.Grammars;

/// <summary>
/// The rule for an object. The properties have the order of the schema; if it lists any, no others are generated, which is valid for every
/// value of <c>additionalProperties</c>.
/// </summary>
/// <param name="rules">Receives the rules.</param>
/// <param name="convert">Returns the rule for a schema one level deeper.</param>
internal sealed class ObjectSchema(GrammarRules rules, Func<JsonElement, string> convert)
{
    private const string Comma = "\",\" ws ";

    /// <summary>Adds the rule and returns its name.</summary>
    public string Add(JsonElement schema)
    {
        List<(string Name, string Rule)> properties =
            [.. SchemaReading.Members(schema, "properties").Select(property => (property.Name, convert(property.Value)))];
        HashSet<string> required = ReadRequired(schema);
        string? other = ReadOther(schema);
        foreach (string name in required.Where(name => !properties.Exists(property => property.Name == name)))
        {
            properties.Add((name, other
                ?? throw new SchemaException($"the JSON schema requires the property \"{name}\" and does not allow it")));
        }

        if (properties.Count == 0)
            return other is null ? rules.Add("\"{\" ws \"}\"") : OfAnyNames(other);
        return OfProperties([.. properties.Select(property => (Member(property.Name, property.Rule), required.Contains(property.Name)))]);
    }

    private static HashSet<string> ReadRequired(JsonElement schema)
    {
        var required = new HashSet<string>(StringComparer.Ordinal);
        if (!schema.TryGetProperty("required", out JsonElement names))
            return required;
        if (names.ValueKind != JsonValueKind.Array)
            throw SchemaReading.Wrong("required", "a list of names");
        foreach (JsonElement name in names.EnumerateArray())
            required.Add(SchemaReading.Text(name, "required"));
        return required;
    }

    // The rule for the values of unlisted properties; null: there may be none.
    private string? ReadOther(JsonElement schema) =>
        !schema.TryGetProperty("additionalProperties", out JsonElement other) || other.ValueKind == JsonValueKind.True ? GrammarRules.Value
            : other.ValueKind == JsonValueKind.False ? null
            : convert(other);

    private string OfAnyNames(string value)
    {
        if (value == GrammarRules.Value)
            return GrammarRules.Object;
        string member = rules.Add($"{GrammarRules.String} \":\" ws {value}");
        return rules.Add($"\"{{\" ws ( {member} ( {Comma}{member} )* ws )? \"}}\"");
    }

    private string Member(string name, string value) =>
        rules.Add(GbnfText.Literal("\"" + JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(name) + "\":") + " ws " + value);

    // Two chains of rules, built from the end: the rest after a property was written, and the rest at the beginning. They keep the grammar
    // short if many properties are optional.
    private string OfProperties(IReadOnlyList<(string Member, bool IsRequired)> properties)
    {
        string following = "";
        string? beginning = null;
        bool canBeEmpty = true;
        for (int i = properties.Count - 1; i >= 0; i--)
        {
            (string member, bool isRequired) = properties[i];
            string begun = following.Length == 0 ? member : $"{member} {following}";
            beginning = isRequired || beginning is null ? rules.Add(begun) : rules.Add($"{begun} | {beginning}");
            canBeEmpty &= !isRequired;
            string next = isRequired ? $"{Comma}{member}" : $"( {Comma}{member} )?";
            following = rules.Add(following.Length == 0 ? next : $"{next} {following}");
        }

        return rules.Add(canBeEmpty ? $"\"{{\" ws ( {beginning} ws )? \"}}\"" : $"\"{{\" ws {beginning} ws \"}}\"");
    }
}
