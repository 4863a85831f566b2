using ModelRunner.LlamaHost.Grammars;

namespace ModelRunner.LlamaHost.Tools;

/// <summary>The tools of a request, in the format of Hermes and Qwen: JSON between tags.</summary>
/// <param name="Tools">The tools.</param>
/// <param name="Callable">Tools of which one must be called; empty: the model may respond without a call.</param>
/// <param name="AllowsSeveral">Whether one response may contain several calls.</param>
internal sealed record ToolSet(IReadOnlyList<ToolDefinition> Tools, IReadOnlyList<ToolDefinition> Callable, bool AllowsSeveral)
{
    /// <summary>The text before a call.</summary>
    public const string CallStart = "<tool_call>";

    /// <summary>The text after a call.</summary>
    public const string CallEnd = "</tool_call>";

    /// <summary>Writes the description of the tools for the model.</summary>
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

    /// <summary>The grammar of a response that must be a call; null: the response is free.</summary>
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
