using ModelRunner.LlamaHost.Grammars;

namespace ModelRunner.LlamaHost.Tools;

/// <summary>The tools of a request, in the format of Hermes and Qwen: JSON between tags.</summary>
/// <param name="Tools">The tools.</param>
/// <param name="Callable">Those that must be called; empty: the model may answer without a call.</param>
/// <param name="AllowsSeveral">Whether one answer may have several calls.</param>
internal sealed record ToolSet(IReadOnlyList<ToolDefinition> Tools, IReadOnlyList<ToolDefinition> Callable, bool AllowsSeveral)
{
    /// <summary>What stands before a call.</summary>
    public const string CallStart = "<tool_call>";

    /// <summary>What stands behind a call.</summary>
    public const string CallEnd = "</tool_call>";

    /// <summary>Writes what the model is told about its tools.</summary>
    public string Describe()
    {
        string list = string.Join('\n', Tools.Select(tool => tool.Json));
        return $$"""
            # Tools

            These functions can be called, each described as JSON:
            <tools>
            {{list}}
            </tools>

            Call a function by writing its name and its arguments as JSON in this form, once for each call:
            {{CallStart}}
            {"name": "the name", "arguments": {"argument": "value"} }
            {{CallEnd}}
            """;
    }

    /// <summary>The grammar of an answer that must be a call; null: the answer is free.</summary>
    /// <exception cref="SchemaException">The schema of a tool's arguments cannot be used.</exception>
    public string? Grammar()
    {
        if (Callable.Count == 0)
            return null;
        var grammar = new SchemaGrammar();
        IEnumerable<string> calls = Callable.Select(tool =>
            GbnfText.Literal($"{{\"name\": \"{tool.Name}\", \"arguments\": ") + " "
                + (tool.Parameters is { } schema ? grammar.Add(schema) : GrammarRules.Object) + " \"}\"");
        string call = grammar.AddRule(string.Join(" | ", calls));
        string one = grammar.AddRule($"{GbnfText.Literal(CallStart + "\n")} {call} {GbnfText.Literal("\n" + CallEnd)}");
        return grammar.Finish(AllowsSeveral ? $"{one} ( \"\\n\" {one} ){{0,15}}" : one);
    }
}
