using System.Globalization;
using System.Text.Json;

namespace ModelRunner.LlamaHost.Grammars;

/// <summary>Resolves <c>$ref</c> within the same schema.</summary>
/// <param name="root">The whole schema.</param>
internal sealed class SchemaReferences(JsonElement root)
{
    private const int MaxSteps = 64;

    /// <summary>Finds a part of the schema by its reference, such as <c>#/$defs/name</c>.</summary>
    /// <exception cref="SchemaException">The reference leads nowhere, or to another document.</exception>
    public JsonElement Find(string reference)
    {
        if (!reference.StartsWith('#'))
        {
            throw new SchemaException($"in the JSON schema, \"$ref\" {Shown(reference)} points to another document; "
                + "only references that begin with # can be used");
        }

        JsonElement place = root;
        string[] steps = Uri.UnescapeDataString(reference[1..]).Split('/');
        if (steps.Length > MaxSteps || steps[0].Length > 0)
            throw NotFound(reference);
        foreach (string escaped in steps.Skip(1))
        {
            string step = escaped.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            if (place.ValueKind == JsonValueKind.Object && place.TryGetProperty(step, out JsonElement member))
                place = member;
            else if (place.ValueKind == JsonValueKind.Array && int.TryParse(step, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                && index < place.GetArrayLength())
                place = place[index];
            else
                throw NotFound(reference);
        }

        return place;
    }

    /// <summary>Follows references to their end; fails if they form a cycle.</summary>
    public JsonElement Follow(JsonElement schema)
    {
        for (int steps = 0; steps < MaxSteps; steps++)
        {
            if (schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("$ref", out JsonElement reference))
                return schema;
            schema = Find(SchemaReading.Text(reference, "$ref"));
        }

        throw new SchemaException("in the JSON schema, a \"$ref\" leads back to itself");
    }

    private static SchemaException NotFound(string reference) =>
        new($"in the JSON schema, \"$ref\" {Shown(reference)} points to nothing");

    private static string Shown(string reference) => $"\"{(reference.Length <= 60 ? reference : reference[..60] + "…")}\"";
}
