using System.Text.Json;

namespace ModelRunner.LlamaHost.Grammars;

/// <summary>The keywords of JSON Schema: unsupported ones, and those that restrict the value.</summary>
internal static class SchemaKeywords
{
    // The right column tells whether the keyword has no effect with this value.
    private static readonly (string Name, Func<JsonElement, bool> IsNeutral)[] Refused =
    [
        ("not", Never), ("if", Never), ("then", Never), ("else", Never), ("dependentRequired", IsEmpty), ("dependentSchemas", IsEmpty),
        ("dependencies", IsEmpty), ("patternProperties", IsEmpty), ("propertyNames", Never), ("minProperties", IsZero),
        ("maxProperties", Never), ("contains", Never), ("minContains", Never), ("maxContains", Never), ("uniqueItems", IsFalse),
        ("pattern", Never), ("$dynamicRef", Never), ("$recursiveRef", Never),
    ];

    private static readonly string[] Constraints =
    [
        "type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref", "properties", "required", "additionalProperties", "items", "prefixItems",
        "minItems", "maxItems", "minLength", "maxLength", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    ];

    /// <summary>Refuses a schema with a keyword that no grammar can enforce.</summary>
    /// <exception cref="SchemaException">The schema has such a keyword.</exception>
    public static void Check(JsonElement schema)
    {
        foreach ((string name, Func<JsonElement, bool> isNeutral) in Refused)
        {
            if (schema.TryGetProperty(name, out JsonElement value) && !isNeutral(value))
                throw new SchemaException($"the JSON schema has \"{name}\", which llama-host cannot enforce; leave it out, or use llama-server");
        }
    }

    /// <summary>Refuses keywords beside another one that alone defines the value.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="decider">The keyword that defines the value.</param>
    /// <param name="alsoAllowed">One more keyword that is supported beside it; null: none.</param>
    /// <exception cref="SchemaException">There is another keyword.</exception>
    public static void RequireAlone(JsonElement schema, string decider, string? alsoAllowed = null)
    {
        foreach (string name in Constraints)
        {
            if (name != decider && name != alsoAllowed && schema.TryGetProperty(name, out _))
                throw new SchemaException($"the JSON schema has \"{name}\" beside \"{decider}\"; llama-host needs them in one schema each");
        }
    }

    private static bool Never(JsonElement value) => false;

    private static bool IsFalse(JsonElement value) => value.ValueKind == JsonValueKind.False;

    private static bool IsZero(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.GetDouble() == 0;

    private static bool IsEmpty(JsonElement value) => value.ValueKind == JsonValueKind.Object && !value.EnumerateObject().MoveNext();
}
