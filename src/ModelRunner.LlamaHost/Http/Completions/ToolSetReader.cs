using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ModelRunner.LlamaHost.Loading;
using ModelRunner.LlamaHost.Tools;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>Reads the tools of a chat request.</summary>
internal static class ToolSetReader
{
    private const int MaxTools = 128;
    private const int MaxNameLength = 64;

    private static readonly JsonWriterOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads the members <c>tools</c>, <c>tool_choice</c> and <c>parallel_tool_calls</c>.</summary>
    /// <returns>Null: there are no tools, or none may be called.</returns>
    /// <exception cref="ApiException">They are invalid, or the model does not know tools.</exception>
    public static ToolSet? Read(RequestBody body, ChatTemplate template)
    {
        JsonElement? choice = body.Find("tool_choice");
        if (choice is { ValueKind: JsonValueKind.String } none && none.ValueEquals("none"u8))
            return null;
        if (body.Find("tools") is not { } list || (list.ValueKind == JsonValueKind.Array && list.GetArrayLength() == 0))
        {
            if (choice is { ValueKind: JsonValueKind.Object } || (choice is { ValueKind: JsonValueKind.String } word && word.ValueEquals("required"u8)))
                throw ApiException.Invalid("\"tool_choice\" asks for a tool, but there are no \"tools\"");
            return null;
        }

        if (list.ValueKind != JsonValueKind.Array)
            throw RequestBody.Wrong("tools", list, "a list");
        if (!template.HasToolCalls)
            throw ApiException.NeedsLlamaServer("\"tools\" with this model, whose chat template has no calls of tools in a form known here,");
        if (list.GetArrayLength() > MaxTools)
            throw ApiException.Invalid(FormattableString.Invariant($"\"tools\" has {list.GetArrayLength()} tools; at most {MaxTools} can be used"));

        ToolDefinition[] tools = [.. list.EnumerateArray().Select(ReadTool)];
        return new ToolSet(tools, ReadCallable(choice, tools), body.Boolean("parallel_tool_calls", true));
    }

    private static ToolDefinition ReadTool(JsonElement tool)
    {
        if (tool.ValueKind != JsonValueKind.Object || new RequestBody(tool).Find("function") is not { ValueKind: JsonValueKind.Object } function)
            throw RequestBody.Wrong("tools", tool, "made of objects of the type \"function\" with a \"function\"");
        var body = new RequestBody(function);
        string name = body.Find("name") is { } value ? RequestBody.Text("name", value) : "";
        if (name.Length is 0 or > MaxNameLength || name.Any(character => !char.IsAsciiLetterOrDigit(character) && character is not ('_' or '-' or '.')))
            throw ApiException.Invalid($"a tool's \"name\" must have 1 to {MaxNameLength} letters, digits, underscores, dashes and dots");
        return new ToolDefinition(name, Line(tool), body.Find("parameters")?.Clone());
    }

    private static ToolDefinition[] ReadCallable(JsonElement? choice, ToolDefinition[] tools)
    {
        if (choice is not { } value || (value.ValueKind == JsonValueKind.String && value.ValueEquals("auto"u8)))
            return [];
        if (value.ValueKind == JsonValueKind.String && value.ValueEquals("required"u8))
            return tools;
        if (value.ValueKind != JsonValueKind.Object || new RequestBody(value).Find("function") is not { ValueKind: JsonValueKind.Object } function
            || new RequestBody(function).Find("name") is not { } name)
            throw RequestBody.Wrong("tool_choice", value, "\"none\", \"auto\", \"required\" or an object that names a function");
        string wanted = RequestBody.Text("name", name);
        return Array.Find(tools, tool => tool.Name == wanted) is { } tool
            ? [tool]
            : throw ApiException.Invalid($"\"tool_choice\" names \"{wanted}\", which is not one of the \"tools\"");
    }

    private static string Line(JsonElement tool)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(buffer, OneLine);
        try
        {
            tool.WriteTo(writer);
        }
        catch (InvalidOperationException)
        {
            throw ApiException.Invalid("\"tools\" contains an unpaired surrogate, which is not valid text");
        }

        writer.Flush();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
