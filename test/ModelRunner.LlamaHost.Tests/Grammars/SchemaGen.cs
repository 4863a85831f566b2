using CsCheck;

namespace ModelRunner.LlamaHost.Tests.Grammars;

/// <summary>Random JSON schemas of the kind that people write, as text.</summary>
internal static class SchemaGen
{
    private static readonly string[] Formats = ["date", "time", "date-time", "uuid", "ipv4", "email", "hostname", "uri"];

    private static readonly Gen<string> Leaf = Gen.OneOf(
        Gen.Const("""{"type":"boolean"}"""),
        Gen.Const("""{"type":["null","boolean"]}"""),
        Gen.Int[0, Formats.Length - 1].Select(index => Formats[index]).Select(name => $$"""{"type":"string","format":"{{name}}"}"""),
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 9]).Select((least, more) => $$"""{"type":"string","minLength":{{least}},"maxLength":{{least + more}} }"""),
        Gen.Select(Gen.Int[-2000, 2000], Gen.Int[0, 5000]).Select((least, more) => $$"""{"type":"integer","minimum":{{least}},"maximum":{{least + more}} }"""),
        Gen.Select(Gen.Int[-20, 20], Gen.Int[1, 30]).Select((least, more) =>
            $$"""{"type":"number","exclusiveMinimum":{{least}},"maximum":{{least + more}} }"""),
        Gen.Int[-5, 5].Select(least => $$"""{"type":"integer","exclusiveMinimum":{{least}} }"""),
        Gen.Const("""{"enum":["a","b\"c\\","żółć 🦊",1.5,null,{"x":[1]}]}"""),
        Gen.Const("""{"type":"string","enum":["one","two",3]}"""),
        Gen.Const("""{"const":"\u0000\n"}"""));

    /// <summary>Schemas with a definition that refers to itself, to which parts of them refer.</summary>
    public static Gen<string> Schemas { get; } = Of(3).Select(schema =>
        """{"$defs":{"list":{"anyOf":[{"type":"null"},{"type":"object","properties":{"next":{"$ref":"#/$defs/list"}},"required":["next"]}]}},"allOf":["""
            + schema + "]}");

    private static Gen<string> Of(int depth)
    {
        if (depth == 0)
            return Leaf;
        Gen<string> inner = Of(depth - 1);
        return Gen.OneOf(
            Leaf,
            Gen.Const("""{"$ref":"#/$defs/list"}"""),
            Gen.Select(inner, Gen.Int[0, 2], Gen.Int[0, 2]).Select((item, least, more) =>
                $$"""{"type":"array","items":{{item}},"minItems":{{least}},"maxItems":{{least + more}} }"""),
            inner.Array[1, 3].Select(items => $$"""{"type":"array","prefixItems":[{{string.Join(',', items)}}],"items":false}"""),
            inner.Array[1, 2].Select(parts => $$"""{"anyOf":[{{string.Join(',', parts)}}]}"""),
            Gen.Select(inner, inner).Select((one, other) => $$"""
                {"oneOf":[{"type":"object","required":["kind"],"properties":{"kind":{"const":"a"},"v":{{one}} } },
                {"type":"object","required":["kind","w"],"properties":{"kind":{"enum":["b","c"]},"w":{{other}} } }]}
                """),
            Gen.Select(inner, Gen.Bool).Array[0, 4].Select(ObjectOf));
    }

    private static string ObjectOf((string Schema, bool IsRequired)[] properties)
    {
        string[] names = [.. properties.Select((_, index) => "\"p" + index + (index == 2 ? " ż\\\"" : "") + "\"")];
        string listed = string.Join(',', properties.Select((property, index) => names[index] + ":" + property.Schema));
        string required = string.Join(',', names.Where((_, index) => properties[index].IsRequired));
        return $$$"""{"type":"object","properties":{ {{{listed}}} },"required":[{{{required}}}],"additionalProperties":false}""";
    }
}
