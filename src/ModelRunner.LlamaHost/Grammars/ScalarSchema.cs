using System.Globalization;
using System.Text.Json;

namespace ModelRunner.LlamaHost.Grammars;

/// <summary>Expressions for strings and numbers with their limits.</summary>
internal static class ScalarSchema
{
    /// <summary>The longest generated string if the schema has length limits. Generating shorter strings than the schema allows is valid.</summary>
    public const int MaxLength = 1000;

    /// <summary>The expression for a string.</summary>
    public static string OfString(JsonElement schema, GrammarRules rules)
    {
        int? least = SchemaReading.Count(schema, "minLength");
        int? most = SchemaReading.Count(schema, "maxLength");
        if (schema.TryGetProperty("format", out JsonElement format))
        {
            string name = SchemaReading.Text(format, "format");
            string text = StringFormats.Find(name)
                ?? throw new SchemaException($"the JSON schema has the \"format\" \"{Cut(name)}\"; known are {StringFormats.Known}");
            if (least is not null || most is not null)
                throw new SchemaException("the JSON schema has \"format\" beside \"minLength\" or \"maxLength\"; leave one of them out");
            return rules.Add("\"\\\"\" " + text + " \"\\\"\"");
        }

        if (least is null or 0 && most is null)
            return GrammarRules.String;
        int from = least ?? 0;
        if (from > MaxLength)
            throw new SchemaException(string.Create(CultureInfo.InvariantCulture, $"the JSON schema has a \"minLength\" above {MaxLength}"));
        if (most < from)
            throw new SchemaException("the JSON schema has a \"maxLength\" below its \"minLength\"");
        string expression = most is null && from < MaxLength
            ? string.Create(CultureInfo.InvariantCulture, $"{GrammarRules.Character}{{{from},}}")
            : string.Create(CultureInfo.InvariantCulture, $"{GrammarRules.Character}{{{from},{Math.Min(most ?? MaxLength, MaxLength)}}}");
        if (most == 0)
            return "\"\\\"\\\"\"";
        rules.Repeat(Math.Min(most ?? from, MaxLength));
        return rules.Add($"\"\\\"\" {expression} \"\\\"\"");
    }

    /// <summary>The expression for a number.</summary>
    /// <param name="schema">The schema.</param>
    /// <param name="isInteger">Whether it is an integer.</param>
    /// <param name="rules">Receives the rules.</param>
    public static string OfNumber(JsonElement schema, bool isInteger, GrammarRules rules)
    {
        if (schema.TryGetProperty("multipleOf", out JsonElement step)
            && !(isInteger && step.ValueKind == JsonValueKind.Number && step.TryGetDouble(out double by) && by == 1))
            throw new SchemaException("the JSON schema has \"multipleOf\", which llama-host cannot enforce; leave it out, or use llama-server");

        long? least = SchemaReading.Limit(schema, "minimum", roundsUp: isInteger, roundsDown: false);
        long? most = SchemaReading.Limit(schema, "maximum", roundsUp: false, roundsDown: isInteger);
        (least, bool hasLeast) = Tighter(least, SchemaReading.Limit(schema, "exclusiveMinimum", false, roundsDown: isInteger), (a, b) => a > b);
        (most, bool hasMost) = Tighter(most, SchemaReading.Limit(schema, "exclusiveMaximum", roundsUp: isInteger, false), (a, b) => a < b);
        if (least is null && most is null)
            return isInteger ? rules.Add("\"0\" | \"-\"? [1-9] [0-9]{0,14}") : GrammarRules.Number;

        long from = Math.Max(least ?? -IntegerRange.Most, -IntegerRange.Most);
        long to = Math.Min(most ?? IntegerRange.Most, IntegerRange.Most);
        if (isInteger)
        {
            from += hasLeast ? 0 : 1;
            to -= hasMost ? 0 : 1;
        }

        string? expression = from > to ? null
            : isInteger ? IntegerRange.Expression(from, to) : NumberRange.Expression(from, hasLeast, to, hasMost);
        return rules.Add(expression ?? throw new SchemaException("in the JSON schema, no number lies between the limits"));
    }

    private static (long? Limit, bool IsIncluded) Tighter(long? included, long? excluded, Func<long, long, bool> isTighter)
    {
        if (excluded is not { } other)
            return (included, true);
        return included is { } own && isTighter(own, other) ? (own, true) : (other, false);
    }

    private static string Cut(string text) => text.Length <= 40 ? text : text[..40] + "…";
}
