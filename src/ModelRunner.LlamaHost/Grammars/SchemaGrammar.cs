using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace ModelRunner.LlamaHost.Grammars;

/// <summary>
/// Converts JSON schemas to a grammar, such that every text which the grammar allows is valid by the schema. The reverse does not hold: the
/// grammar may exclude some valid texts. A schema that cannot be enforced is refused.
/// </summary>
internal sealed class SchemaGrammar
{
    private const int MaxDepth = 32;
    private const int MaxSchemas = 5000;
    private const int MaxAlternatives = 1000;

    private readonly GrammarRules _rules = new();
    private readonly AlternativesCheck _alternatives = new();
    private readonly Dictionary<(int Root, string Reference), string> _references = [];
    private readonly Queue<(Converter Converter, JsonElement Schema, string Name)> _waiting = new();
    private int _roots;
    private int _schemas;

    /// <summary>The grammar for one schema.</summary>
    /// <exception cref="SchemaException">The schema cannot be used.</exception>
    public static string Of(JsonElement schema)
    {
        var grammar = new SchemaGrammar();
        return grammar.Finish(grammar.Add(schema));
    }

    /// <summary>Adds an independent schema.</summary>
    /// <returns>The name of its rule.</returns>
    /// <exception cref="SchemaException">The schema cannot be used.</exception>
    public string Add(JsonElement schema)
    {
        try
        {
            string name = new Converter(this, _roots++, new SchemaReferences(schema)).Convert(schema, 0);
            while (_waiting.TryDequeue(out (Converter Converter, JsonElement Schema, string Name) next))
                _rules.Define(next.Name, next.Converter.Convert(next.Schema, 0));
            return name;
        }
        catch (InvalidOperationException)
        {
            throw new SchemaException("the JSON schema has a name with an unpaired surrogate, which is not valid text");
        }
    }

    /// <summary>Adds a rule of the caller.</summary>
    public string AddRule(string expression) => _rules.Add(expression);

    /// <summary>The whole grammar.</summary>
    /// <param name="root">The expression of its first rule.</param>
    public string Finish(string root) => _rules.Finish(root);

    private sealed class Converter(SchemaGrammar grammar, int root, SchemaReferences references)
    {
        private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

        public string Convert(JsonElement schema, int depth)
        {
            if (++grammar._schemas > MaxSchemas || depth > MaxDepth)
            {
                throw new SchemaException(FormattableString.Invariant(
                    $"the JSON schema is too large: at most {MaxDepth} levels and {MaxSchemas} parts can be used; move repeated parts to \"$defs\""));
            }

            if (schema.ValueKind == JsonValueKind.True)
                return GrammarRules.Value;
            if (schema.ValueKind != JsonValueKind.Object)
            {
                throw new SchemaException(schema.ValueKind == JsonValueKind.False
                    ? "the JSON schema has a part that is false, which no value matches"
                    : "each part of the JSON schema must be an object or true");
            }

            SchemaKeywords.Check(schema);
            if (schema.TryGetProperty("$ref", out JsonElement reference))
                return Reference(schema, SchemaReading.Text(reference, "$ref"));
            if (schema.TryGetProperty("const", out JsonElement value))
                return Values(schema, [value], "const");
            if (schema.TryGetProperty("enum", out JsonElement values))
                return Values(schema, SchemaReading.Items(values, "enum"), "enum");
            foreach (string name in (ReadOnlySpan<string>)["anyOf", "oneOf", "allOf"])
            {
                if (schema.TryGetProperty(name, out JsonElement alternatives))
                    return Alternatives(schema, name, SchemaReading.Items(alternatives, name), depth);
            }

            IReadOnlyList<string> types = SchemaReading.Types(schema);
            return types.Count == 0 ? OfType(schema, Guess(schema), depth)
                : Union([.. types.Select(type => OfType(schema, type, depth))]);
        }

        // The most likely meaning of a schema without a type. Other values that it would allow are excluded.
        private static string? Guess(JsonElement schema)
        {
            (string Keyword, string Type)[] signs =
            [
                ("properties", "object"), ("required", "object"), ("additionalProperties", "object"), ("items", "array"),
                ("prefixItems", "array"), ("minItems", "array"), ("maxItems", "array"), ("minLength", "string"), ("maxLength", "string"),
                ("format", "string"), ("minimum", "number"), ("maximum", "number"), ("exclusiveMinimum", "number"),
                ("exclusiveMaximum", "number"), ("multipleOf", "number"),
            ];
            return signs.FirstOrDefault(sign => schema.TryGetProperty(sign.Keyword, out _)).Type;
        }

        private string OfType(JsonElement schema, string? type, int depth) => type switch
        {
            "object" => new ObjectSchema(grammar._rules, part => Convert(part, depth + 1)).Add(schema),
            "array" => new ArraySchema(grammar._rules, part => Convert(part, depth + 1)).Add(schema),
            "string" => ScalarSchema.OfString(schema, grammar._rules),
            "number" => ScalarSchema.OfNumber(schema, isInteger: false, grammar._rules),
            "integer" => ScalarSchema.OfNumber(schema, isInteger: true, grammar._rules),
            "boolean" => grammar._rules.Add("\"true\" | \"false\""),
            "null" => grammar._rules.Add("\"null\""),
            _ => GrammarRules.Value,
        };

        private string Reference(JsonElement schema, string reference)
        {
            SchemaKeywords.RequireAlone(schema, "$ref");
            if (grammar._references.TryGetValue((root, reference), out string? known))
                return known;
            JsonElement target = references.Follow(references.Find(reference));
            string name = grammar._rules.Reserve();
            grammar._references.Add((root, reference), name);
            grammar._waiting.Enqueue((this, target, name));
            return name;
        }

        private string Values(JsonElement schema, IReadOnlyList<JsonElement> values, string keyword)
        {
            SchemaKeywords.RequireAlone(schema, keyword, "type");
            IReadOnlyList<string> types = SchemaReading.Types(schema);
            string[] literals =
            [
                .. values.Where(value => types.Count == 0 || types.Any(type => SchemaReading.IsOfType(value, type)))
                    .Select(value => GbnfText.Literal(Json(value, keyword))).Distinct(StringComparer.Ordinal),
            ];
            if (literals.Length == 0)
                throw new SchemaException($"the JSON schema has no value in \"{keyword}\" that is of its \"type\"");
            return Union(literals);
        }

        private string Alternatives(JsonElement schema, string keyword, IReadOnlyList<JsonElement> alternatives, int depth)
        {
            SchemaKeywords.RequireAlone(schema, keyword);
            if (keyword == "allOf" && alternatives.Count > 1)
                throw new SchemaException("the JSON schema has \"allOf\" with several parts; write them as one");
            if (keyword == "oneOf" && !grammar._alternatives.ExcludeEachOther(alternatives, references))
            {
                throw new SchemaException("the JSON schema has \"oneOf\" with parts that may both match; use \"anyOf\", or give each part a "
                    + "required property with its own \"const\"");
            }

            return Union([.. alternatives.Select(part => Convert(part, depth + 1))]);
        }

        private string Union(string[] expressions)
        {
            if (expressions.Length > MaxAlternatives)
                throw new SchemaException(FormattableString.Invariant($"the JSON schema has more than {MaxAlternatives} alternatives in one place"));
            return expressions.Length == 1 && !expressions[0].StartsWith('"') ? expressions[0] : grammar._rules.Add(string.Join(" | ", expressions));
        }

        private static string Json(JsonElement value, string keyword)
        {
            try
            {
                var buffer = new ArrayBufferWriter<byte>();
                using var writer = new Utf8JsonWriter(buffer, Compact);
                value.WriteTo(writer);
                writer.Flush();
                return Encoding.UTF8.GetString(buffer.WrittenSpan);
            }
            catch (InvalidOperationException)
            {
                throw SchemaReading.Wrong(keyword, "made of texts without unpaired surrogates");
            }
        }
    }
}
