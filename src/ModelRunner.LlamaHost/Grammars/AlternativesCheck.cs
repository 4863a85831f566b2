using System.Text.Json;

namespace ModelRunner.LlamaHost.Grammars;

/// <summary>
/// Whether two schemas can never match the same value, which <c>oneOf</c> needs: it allows what exactly one of its alternatives matches.
/// Only what can be seen at once counts as proof.
/// </summary>
/// <param name="references">Finds what the schemas point to.</param>
internal sealed class AlternativesCheck(SchemaReferences references)
{
    private const int MostComparisons = 1_000_000;

    private int _comparisons;

    /// <summary>Whether all pairs of the alternatives exclude each other.</summary>
    public bool ExcludeEachOther(IReadOnlyList<JsonElement> alternatives)
    {
        for (int i = 0; i < alternatives.Count; i++)
        {
            for (int j = i + 1; j < alternatives.Count; j++)
            {
                if (!ExcludeEachOther(references.Follow(alternatives[i]), references.Follow(alternatives[j]), mayLookInside: true))
                    return false;
            }
        }

        return true;
    }

    private bool ExcludeEachOther(JsonElement one, JsonElement other, bool mayLookInside)
    {
        Compare(1);
        if (one.ValueKind != JsonValueKind.Object || other.ValueKind != JsonValueKind.Object)
            return false;
        if (FixedValues(one) is { } ones && FixedValues(other) is { } others)
        {
            Compare(ones.Count * (long)others.Count);
            return !ones.Any(value => others.Any(second => JsonElement.DeepEquals(value, second)));
        }

        IReadOnlyList<string> types = Types(one);
        IReadOnlyList<string> otherTypes = Types(other);
        if (types.Count > 0 && otherTypes.Count > 0 && !types.Any(type => otherTypes.Any(second => AreEqual(type, second))))
            return true;
        return mayLookInside && types is ["object"] && otherTypes is ["object"] && HaveDifferentTags(one, other);
    }

    // A property that both must have, with values that exclude each other.
    private bool HaveDifferentTags(JsonElement one, JsonElement other)
    {
        string[] common = [.. Required(one).Intersect(Required(other), StringComparer.Ordinal)];
        Compare(common.Length);
        return common.Any(name => Property(one, name) is { } first && Property(other, name) is { } second
            && ExcludeEachOther(references.Follow(first), references.Follow(second), mayLookInside: false));
    }

    private void Compare(long times)
    {
        if (times > MostComparisons || (_comparisons += (int)times) > MostComparisons)
            throw new SchemaException("the JSON schema is too large: its \"oneOf\" has too many parts to compare; use \"anyOf\"");
    }

    private static IReadOnlyList<JsonElement>? FixedValues(JsonElement schema) =>
        schema.TryGetProperty("const", out JsonElement value) ? [value]
            : schema.TryGetProperty("enum", out JsonElement values) ? SchemaReading.Items(values, "enum")
            : null;

    private static IReadOnlyList<string> Types(JsonElement schema) => FixedValues(schema) is { } values
        ? [.. SchemaReading.TypeNames.Where(type => values.Any(value => SchemaReading.IsOfType(value, type)))]
        : SchemaReading.Types(schema);

    private static bool AreEqual(string type, string other) =>
        type == other || (type == "integer" && other == "number") || (type == "number" && other == "integer");

    private static IEnumerable<string> Required(JsonElement schema) =>
        schema.TryGetProperty("required", out JsonElement names) && names.ValueKind == JsonValueKind.Array
            ? names.EnumerateArray().Select(name => SchemaReading.Text(name, "required"))
            : [];

    private static JsonElement? Property(JsonElement schema, string name) =>
        schema.TryGetProperty("properties", out JsonElement properties) && properties.ValueKind == JsonValueKind.Object
            && properties.TryGetProperty(name, out JsonElement property) ? property : null;
}
