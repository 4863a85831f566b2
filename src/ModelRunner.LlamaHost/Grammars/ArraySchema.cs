using System.Globalization;
using System.Text.Json;

namespace ModelRunner.LlamaHost.Grammars;

/// <summary>The rule for an array: an optional fixed beginning, and a number of equal items.</summary>
/// <param name="rules">Receives the rules.</param>
/// <param name="convert">Returns the rule for a schema one level deeper.</param>
internal sealed class ArraySchema(GrammarRules rules, Func<JsonElement, string> convert)
{
    private const int MaxItems = 1000;
    private const string Comma = "\",\" ws ";

    /// <summary>Adds the rule and returns its name.</summary>
    public string Add(JsonElement schema)
    {
        int least = SchemaReading.Count(schema, "minItems") ?? 0;
        int? most = SchemaReading.Count(schema, "maxItems");
        if (most < least)
            throw new SchemaException("the JSON schema has a \"maxItems\" below its \"minItems\"");
        if (least > MaxItems)
            throw new SchemaException(string.Create(CultureInfo.InvariantCulture, $"the JSON schema has a \"minItems\" above {MaxItems}"));

        (IReadOnlyList<JsonElement> fixedItems, JsonElement? rest) = ReadItems(schema);
        string[] start = [.. fixedItems.Take(most ?? int.MaxValue).Select(convert)];
        bool isClosed = rest is { ValueKind: JsonValueKind.False };
        int missing = least - start.Length;
        if (isClosed && missing > 0)
            throw new SchemaException("the JSON schema asks for more items than it describes: raise the number of items or lower \"minItems\"");

        // After a fixed beginning only required items are added.
        if (start.Length > 0)
            return OfSequence(missing > 0 ? [.. start, .. Enumerable.Repeat(Rest(rest), missing)] : start);
        return most == 0 || isClosed ? rules.Add("\"[\" ws \"]\"") : OfItems(Rest(rest), least, most);
    }

    private static (IReadOnlyList<JsonElement> Start, JsonElement? Others) ReadItems(JsonElement schema)
    {
        bool hasItems = schema.TryGetProperty("items", out JsonElement items);
        if (schema.TryGetProperty("prefixItems", out JsonElement prefix))
            return (SchemaReading.Items(prefix, "prefixItems"), hasItems ? items : null);

        // Before 2020 a list in "items" had this meaning.
        if (hasItems && items.ValueKind == JsonValueKind.Array)
            return (SchemaReading.Items(items, "items"), schema.TryGetProperty("additionalItems", out JsonElement more) ? more : null);
        return ([], hasItems ? items : null);
    }

    private string Rest(JsonElement? rest) => rest is { } schema ? convert(schema) : GrammarRules.Value;

    private string OfSequence(string[] items)
    {
        rules.Repeat(items.Length);
        return rules.Add("\"[\" ws " + string.Join(" " + Comma, items) + " ws \"]\"");
    }

    private string OfItems(string item, int least, int? most)
    {
        rules.Repeat(Math.Min(most ?? least, MaxItems));
        string more = string.Create(
            CultureInfo.InvariantCulture,
            $"{{{Math.Max(0, least - 1)},{(most is { } count ? Math.Min(count, MaxItems) - 1 : null)}}}");
        string following = rules.Add(Comma + item);
        string list = most == 1 ? item : $"{item} {following}{more}";
        return rules.Add(least == 0 ? $"\"[\" ws ( {list} ws )? \"]\"" : $"\"[\" ws {list} ws \"]\"");
    }
}
