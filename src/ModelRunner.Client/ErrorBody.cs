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

    /// <summary>If there is no such model: the names of similar ones, the nearest one first.</summary>
    public IReadOnlyList<string> Similar { get; init; } = [];

    private const int MaxSimilar = 10;
    private const int MaxLength = 2000;

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

    /// <summary>
    /// Reads <c>{"error":{"message":"…"}}</c> or <c>{"error":"…"}</c>; null if it is something else. The daemon says in <c>command_line</c> where its sentence
    /// has other words for the command line. Nothing is replaced here, because a sentence has texts of users too.
    /// </summary>
    public static ErrorBody? Read(JsonElement root)
    {
        JsonElement? error = root.Member("error");
        string? message = error is { ValueKind: JsonValueKind.String } text ? text.GetString() : error?.Text("message");
        if (string.IsNullOrWhiteSpace(message))
            return null;

        string code = error!.Value.Text("code");
        string sentence = error.Value.Text("command_line") is { Length: > 0 } own ? own : message;
        return new ErrorBody(PlainText.EscapeAndCut(sentence.Trim(), MaxLength), code.Length == 0 ? null : code)
        {
            Pull = error.Value.Text("pull") is { Length: > 0 } pull ? pull : null,
            Similar = ReadSimilar(error.Value),
        };
    }

    private static string[] ReadSimilar(JsonElement error) =>
    [
        .. (error.Member("similar") ?? default).Items().Where(static item => item.ValueKind == JsonValueKind.String).Take(MaxSimilar)
            .Select(static item => PlainText.EscapeAndCut(item.GetString()!, MaxLength)),
    ];
}
