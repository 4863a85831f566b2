using System.Runtime.InteropServices;
using System.Text.Json;

namespace ModelRunner.LlamaHost.Grammars;

/// <summary>
/// Checks that two schemas never match the same value, which <c>oneOf</c> needs: it allows values that exactly one alternative matches. Only
/// direct evidence counts as proof. One check serves a whole grammar, and its work is limited for all its <c>oneOf</c> together.
/// </summary>
internal sealed class AlternativesCheck
{
    private const int MaxComparisons = 1_000_000;

    /// <summary>The number of names or bytes whose scan costs as much as one comparison of small values.</summary>
    private const int StepsPerComparison = 16;

    private long _comparisons;

    /// <summary>Whether any two of the alternatives exclude each other.</summary>
    /// <param name="alternatives">The schemas.</param>
    /// <param name="references">Resolves the references of the schemas.</param>
    /// <exception cref="SchemaException">The schemas of this grammar need too many comparisons.</exception>
    public bool ExcludeEachOther(IReadOnlyList<JsonElement> alternatives, SchemaReferences references)
    {
        JsonElement[] schemas = [.. alternatives.Select(references.Follow)];
        for (int i = 0; i < schemas.Length; i++)
        {
            for (int j = i + 1; j < schemas.Length; j++)
            {
                if (!ExcludeEachOther(schemas[i], schemas[j], references))
                    return false;
            }
        }

        return true;
    }

    /// <param name="one">A schema.</param>
    /// <param name="other">Another one.</param>
    /// <param name="references">Resolves the references of their properties; null: the properties are not compared.</param>
    private bool ExcludeEachOther(JsonElement one, JsonElement other, SchemaReferences? references)
    {
        Count(1);
        if (one.ValueKind != JsonValueKind.Object || other.ValueKind != JsonValueKind.Object)
            return false;
        IReadOnlyList<JsonElement>? values = FixedValues(one);
        IReadOnlyList<JsonElement>? otherValues = FixedValues(other);
        Count((values?.Count ?? 0) + (long)(otherValues?.Count ?? 0));
        if (values is not null && otherValues is not null)
        {
            Count(values.Count * (long)otherValues.Count);
            Count(Math.Min(Bytes(values) * otherValues.Count, Bytes(otherValues) * values.Count) / StepsPerComparison);
            return !values.Any(value => otherValues.Any(second => JsonElement.DeepEquals(value, second)));
        }

        IReadOnlyList<string> types = Types(one);
        IReadOnlyList<string> otherTypes = Types(other);
        if (types.Count > 0 && otherTypes.Count > 0 && !types.Any(type => otherTypes.Any(second => AreEqual(type, second))))
            return true;
        return references is not null && types is ["object"] && otherTypes is ["object"] && HaveDifferentTags(one, other, references);
    }

    // A property that both require, with values that exclude each other.
    private bool HaveDifferentTags(JsonElement one, JsonElement other, SchemaReferences references)
    {
        string[] names = Required(one);
        string[] otherNames = Required(other);
        Count((names.Length + otherNames.Length) / StepsPerComparison);
        return names.Intersect(otherNames, StringComparer.Ordinal).Any(name => Property(one, name) is { } first && Property(other, name) is { } second
            && ExcludeEachOther(references.Follow(first), references.Follow(second), references: null));
    }

    private void Count(long comparisons)
    {
        _comparisons += Math.Min(comparisons, MaxComparisons + 1);
        if (_comparisons > MaxComparisons)
            throw new SchemaException("the JSON schema is too large: its \"oneOf\" has too many parts to compare; use \"anyOf\"");
    }

    private static long Bytes(IReadOnlyList<JsonElement> values) => values.Sum(static value => (long)JsonMarshal.GetRawUtf8Value(value).Length);

    private static IReadOnlyList<JsonElement>? FixedValues(JsonElement schema) =>
        schema.TryGetProperty("const", out JsonElement value) ? [value]
            : schema.TryGetProperty("enum", out JsonElement values) ? SchemaReading.Items(values, "enum")
            : null;

    private static IReadOnlyList<string> Types(JsonElement schema) => FixedValues(schema) is { } values
        ? [.. SchemaReading.TypeNames.Where(type => values.Any(value => SchemaReading.IsOfType(value, type)))]
        : SchemaReading.Types(schema);

    private static bool AreEqual(string type, string other) =>
        type == other || (type == "integer" && other == "number") || (type == "number" && other == "integer");

    private static string[] Required(JsonElement schema) =>
        schema.TryGetProperty("required", out JsonElement names) && names.ValueKind == JsonValueKind.Array
            ? [.. names.EnumerateArray().Select(name => SchemaReading.Text(name, "required"))]
            : [];

    private JsonElement? Property(JsonElement schema, string name)
    {
        if (!schema.TryGetProperty("properties", out JsonElement properties) || properties.ValueKind != JsonValueKind.Object)
            return null;
        Count(1 + (properties.GetPropertyCount() / StepsPerComparison));
        return properties.TryGetProperty(name, out JsonElement property) ? property : null;
    }
}
