using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using ModelRunner.LlamaHost.Tools;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>Reads the messages of a chat: roles and plain text, with tool calls written into the text.</summary>
internal static class ChatMessages
{
    /// <summary>Reads all messages, in order.</summary>
    /// <param name="body">The request.</param>
    /// <param name="hasToolCalls">Whether the model knows tool calls in the format of <see cref="ToolSet"/>.</param>
    /// <param name="most">The most messages.</param>
    /// <exception cref="ApiException">There are none, one is not a message, or one needs a function that llama-host does not have.</exception>
    public static IReadOnlyList<(string Role, string Content)> Read(RequestBody body, bool hasToolCalls, int most)
    {
        JsonElement messages = body.Find("messages") ?? throw ApiException.Invalid("\"messages\" must be provided");
        if (messages.ValueKind != JsonValueKind.Array)
            throw RequestBody.Wrong("messages", messages, "a list");
        if (messages.GetArrayLength() == 0)
            throw ApiException.Invalid("\"messages\" must not be empty");
        if (messages.GetArrayLength() is var count && count > most)
        {
            throw ApiException.TooLong(count, most, FormattableString.Invariant(
                $"request ({count} messages) exceeds the available context size ({most} tokens): a chat may have one message for each token; send fewer"));
        }

        return [.. messages.EnumerateArray().Select(message => ReadMessage(message, hasToolCalls))];
    }

    /// <summary>The texts of all messages, before any check.</summary>
    public static IEnumerable<JsonElement> FindTexts(RequestBody body)
    {
        if (body.Find("messages") is not { ValueKind: JsonValueKind.Array } messages)
            yield break;

        foreach (JsonElement message in messages.EnumerateArray())
        {
            if (message.ValueKind != JsonValueKind.Object || new RequestBody(message).Find("content") is not { } content)
                continue;
            if (content.ValueKind != JsonValueKind.Array)
            {
                yield return content;
                continue;
            }

            foreach (JsonElement part in content.EnumerateArray())
            {
                if (part.ValueKind == JsonValueKind.Object && FindText(part) is { } text)
                    yield return text;
            }
        }
    }

    private static JsonElement? FindText(JsonElement part) => new RequestBody(part).Find("text") ?? new RequestBody(part).Find("refusal");

    private static (string Role, string Content) ReadMessage(JsonElement message, bool hasToolCalls)
    {
        if (message.ValueKind != JsonValueKind.Object)
            throw RequestBody.Wrong("messages", message, "a list of objects");
        var body = new RequestBody(message);
        string role = RequestBody.Text("role", body.Find("role") ?? throw ApiException.Invalid("a message has no \"role\""));
        string content = ReadContent(body.Find("content"));
        if (body.Find("tool_calls") is { ValueKind: JsonValueKind.Array } calls && calls.GetArrayLength() > 0)
        {
            if (!hasToolCalls)
                throw ApiException.NeedsLlamaServer("a message with \"tool_calls\" for this model, whose chat template has none in a form known here,");
            MemoryLimits.OfProcess.CheckText(JsonMarshal.GetRawUtf8Value(calls).Length);
            content += WriteCalls(calls, content.Length > 0);
        }

        // OpenAI's newer name for the system role; no template knows it.
        if (role == "developer")
            return ("system", content);

        // In the format of Hermes and Qwen the user says the result of a tool.
        return role == "tool" && hasToolCalls ? ("user", $"<tool_response>\n{content}\n</tool_response>") : (role, content);
    }

    private static string WriteCalls(JsonElement calls, bool followsText)
    {
        var text = new StringBuilder();
        foreach (JsonElement call in calls.EnumerateArray())
        {
            if (call.ValueKind != JsonValueKind.Object || new RequestBody(call).Find("function") is not { ValueKind: JsonValueKind.Object } function
                || new RequestBody(function).Find("name") is not { } name)
                throw RequestBody.Wrong("tool_calls", call, "made of objects with a \"function\" that has a \"name\"");
            JsonElement? arguments = new RequestBody(function).Find("arguments");
            string json = arguments is { ValueKind: JsonValueKind.String } value ? RequestBody.Text("arguments", value) : arguments?.GetRawText() ?? "{}";
            string word = JsonEncodedText.Encode(RequestBody.Text("name", name)).ToString();
            text.Append(followsText || text.Length > 0 ? "\n" : "")
                .Append(ToolSet.CallStart).Append("\n{\"name\": \"").Append(word).Append("\", \"arguments\": ")
                .Append(json.Length > 0 ? json : "{}").Append("}\n").Append(ToolSet.CallEnd);
        }

        return text.ToString();
    }

    private static string ReadContent(JsonElement? content) => content switch
    {
        null => "",
        { ValueKind: JsonValueKind.Array } parts => string.Concat(parts.EnumerateArray().Select(ReadPart)),
        { } text => RequestBody.Text("content", text),
    };

    private static string ReadPart(JsonElement part)
    {
        if (part.ValueKind != JsonValueKind.Object || new RequestBody(part).Find("type") is not { } type)
            throw RequestBody.Wrong("content", part, "a string or a list of parts with a \"type\"");
        string kind = RequestBody.Text("type", type);
        if (kind is not ("text" or "refusal"))
            throw ApiException.NeedsLlamaServer($"content of type \"{(kind.Length <= 40 ? kind : kind[..40])}\"");
        return new RequestBody(part).Find(kind) is { } text ? RequestBody.Text(kind, text) : "";
    }
}
