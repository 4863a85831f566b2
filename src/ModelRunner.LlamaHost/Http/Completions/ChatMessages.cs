using System.Text.Json;

namespace ModelRunner.LlamaHost.Http.Completions;

/// <summary>Reads the messages of a chat: roles and plain text.</summary>
internal static class ChatMessages
{
    /// <summary>Reads all messages, in order.</summary>
    /// <exception cref="ApiException">There are none, one is not a message, or one has what llama-host cannot use.</exception>
    public static IReadOnlyList<(string Role, string Content)> Read(RequestBody body)
    {
        JsonElement messages = body.Find("messages") ?? throw ApiException.Invalid("\"messages\" must be provided");
        if (messages.ValueKind != JsonValueKind.Array)
            throw RequestBody.Wrong("messages", messages, "a list");
        if (messages.GetArrayLength() == 0)
            throw ApiException.Invalid("\"messages\" must not be empty");
        return [.. messages.EnumerateArray().Select(ReadMessage)];
    }

    private static (string Role, string Content) ReadMessage(JsonElement message)
    {
        if (message.ValueKind != JsonValueKind.Object)
            throw RequestBody.Wrong("messages", message, "a list of objects");
        var body = new RequestBody(message);
        if (body.Find("tool_calls") is { ValueKind: JsonValueKind.Array } calls && calls.GetArrayLength() > 0)
            throw ApiException.NeedsLlamaServer("\"tool_calls\"");
        JsonElement role = body.Find("role") ?? throw ApiException.Invalid("a message has no \"role\"");
        return (RequestBody.Text("role", role), ReadContent(body.Find("content")));
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
        if (kind != "text")
            throw ApiException.NeedsLlamaServer($"content of type \"{(kind.Length <= 40 ? kind : kind[..40])}\"");
        return new RequestBody(part).Find("text") is { } text ? RequestBody.Text("text", text) : "";
    }
}
