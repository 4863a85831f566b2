using System.Text.Json;
using ModelRunner.LlamaHost.Grammars;
using ModelRunner.LlamaHost.Tools;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>
/// The format that a request demands for its response: OpenAI's <c>response_format</c>, llama-server's <c>json_schema</c> and
/// <c>grammar</c>, or a tool call.
/// </summary>
internal static class AnswerGrammar
{
    /// <summary>Reads the members.</summary>
    /// <returns>The grammar; null: the response is free text.</returns>
    /// <exception cref="ApiException">A member is invalid, there are several, or a schema cannot be enforced.</exception>
    public static string? Read(RequestBody body, ToolSet? tools)
    {
        try
        {
            (string Name, string? Grammar)[] found = [.. Sources(body, tools).Where(source => source.Grammar is not null)];
            if (found.Length > 1)
                throw ApiException.Invalid($"{found[0].Name} and {found[1].Name} cannot be used together; leave one of them out");
            if (found.Length == 1 && tools is { Callable.Count: 0 })
            {
                throw ApiException.Invalid(
                    $"{found[0].Name} and \"tools\" cannot be used together here, unless \"tool_choice\" is \"none\"; leave one of them out");
            }

            return found.Length == 0 ? null : found[0].Grammar;
        }
        catch (SchemaException failure)
        {
            throw ApiException.Invalid(failure.Message);
        }
    }

    private static IEnumerable<(string Name, string? Grammar)> Sources(RequestBody body, ToolSet? tools)
    {
        yield return ("\"grammar\"", Plain(body));
        yield return ("\"json_schema\"", Schema(body));
        yield return ("\"response_format\"", Format(body));
        yield return ("\"tool_choice\"", tools?.Grammar());
    }

    private static string? Plain(RequestBody body)
    {
        if (body.Find("grammar") is not { } value || RequestBody.Text("grammar", value) is not { Length: > 0 } grammar)
            return null;
        GbnfCheck.Check(grammar);
        return grammar;
    }

    private static string? Schema(RequestBody body) =>
        body.Find("json_schema") is { } schema && schema.ValueKind != JsonValueKind.False ? SchemaGrammar.Of(schema) : null;

    private static string? Format(RequestBody body)
    {
        if (body.Find("response_format") is not { } value)
            return null;
        if (value.ValueKind != JsonValueKind.Object || new RequestBody(value).Find("type") is not { ValueKind: JsonValueKind.String } type)
            throw RequestBody.Wrong("response_format", value, "an object with a \"type\"");
        var format = new RequestBody(value);
        if (type.ValueEquals("text"u8))
            return null;
        if (type.ValueEquals("json_object"u8))
            return format.Find("schema") is { } ownSchema ? SchemaGrammar.Of(ownSchema) : new SchemaGrammar().Finish(GrammarRules.Object);
        if (!type.ValueEquals("json_schema"u8))
            throw RequestBody.Wrong("response_format", value, "of the type text, json_object or json_schema");

        // llama-server also accepts the schema beside the type.
        JsonElement holder = format.Find("json_schema") is { ValueKind: JsonValueKind.Object } inner ? inner : value;
        return new RequestBody(holder).Find("schema") is { } schema
            ? SchemaGrammar.Of(schema)
            : throw ApiException.Invalid("\"response_format\" of the type json_schema needs \"json_schema\" with a \"schema\"");
    }
}
