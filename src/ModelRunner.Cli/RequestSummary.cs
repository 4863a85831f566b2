using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Cli;

/// <summary>The texts that a person looks for in a recorded request: the last thing that was asked, and the response to it.</summary>
internal static class RequestSummary
{
    /// <summary>The last text of the request, in one line.</summary>
    public static string Prompt(JsonElement recording, int length) => Shorten(recording.Text("request"), length, static body =>
    {
        if (body.Member("messages") is { } messages && messages.Items().LastOrDefault() is { ValueKind: JsonValueKind.Object } message)
            return TextOf(message.Member("content"));
        foreach (string name in (string[])["prompt", "input", "content", "query"])
            if (body.Member(name) is { } member)
                return TextOf(member);
        return null;
    });

    /// <summary>The text of the response or the message of the error, in one line.</summary>
    public static string Answer(JsonElement recording, int length) =>
        Shorten(recording.Text("error") is { Length: > 0 } error ? error : recording.Text("response"), length, static body =>
        {
            if (body.Member("error") is { } failure)
                return failure.ValueKind == JsonValueKind.String ? failure.GetString() : failure.Text("message");
            if (body.Member("choices")?.Items().FirstOrDefault() is { ValueKind: JsonValueKind.Object } choice)
                return TextOf(choice.Member("message")?.Member("content") ?? choice.Member("text"));
            return body.Member("content") is { } content ? TextOf(content) : null;
        });

    private static string Shorten(string text, int length, Func<JsonElement, string?> find)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            text = find(document.RootElement) ?? text;
        }
        catch (JsonException)
        {
            // A text that was cut, or no JSON: it is shown as it is.
        }

        return PlainText.EscapeAndCut(text, length);
    }

    // A text, a list of texts, or a list of parts of which some have a text.
    private static string? TextOf(JsonElement? content) => content switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        { ValueKind: JsonValueKind.Array } list => string.Join(' ', list.Items().Select(static item =>
            item.ValueKind == JsonValueKind.String ? item.GetString() : item.Text("text") is { Length: > 0 } part ? part : $"[{item.Text("type")}]")),
        _ => null,
    };
}
