using System.Text.Json;
using ModelRunner.Linux.Terminals;

namespace ModelRunner.Client;

/// <summary>The error of a daemon, worded for a person at a terminal.</summary>
/// <param name="Sentence">What went wrong, on one line.</param>
/// <param name="Code">The daemon's own error code; null if it sent none.</param>
internal sealed record ErrorBody(string Sentence, string? Code)
{
    /// <summary>The name by which the missing model can be pulled; null: the daemon named none.</summary>
    public string? Pull { get; init; }

    private const int MaxLength = 2000;

    // A hint about requests does not help a user of the command line.
    private static readonly string[] WordsOfHttp = ["GET /", "POST /", "send {", "send \"", "Authorization:", "request body", "request's body"];

    /// <summary>Reads the body of an error; null if it is not in the daemon's format.</summary>
    public static ErrorBody? Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return Read(document.RootElement);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Reads <c>{"error":{"message":"…"}}</c> or <c>{"error":"…"}</c>; null if it is something else.</summary>
    public static ErrorBody? Read(JsonElement root)
    {
        JsonElement? error = root.Member("error");
        string? message = error is { ValueKind: JsonValueKind.String } text ? text.GetString() : error?.Text("message");
        if (string.IsNullOrWhiteSpace(message))
            return null;

        string code = error!.Value.Text("code");
        return new ErrorBody(PlainText.EscapeAndCut(ApiWords.Replace(WithoutHttp(message.Trim())), MaxLength), code.Length == 0 ? null : code)
        {
            Pull = error.Value.Text("pull") is { Length: > 0 } pull ? pull : null,
        };
    }

    // The daemon's sentences consist of parts with semicolons between them; the later parts say what to do.
    private static string WithoutHttp(string message)
    {
        string[] parts = message.Split("; ");
        return string.Join("; ", parts.Where(static (part, index) =>
            index == 0 || !Array.Exists(WordsOfHttp, word => part.Contains(word, StringComparison.Ordinal))));
    }
}
