namespace ModelRunner.Reliability.Lab;

/// <summary>A chat request to a model.</summary>
/// <param name="Model">Its name without the tag.</param>
/// <param name="Words">So many words are asked for.</param>
/// <param name="IsStream">Whether the response is a stream of events.</param>
internal sealed record ChatRequest(string Model, int Words, bool IsStream)
{
    /// <summary>The client leaves after so many events of the stream; 0: it does not.</summary>
    public int LeaveAfter { get; init; }

    /// <summary>Whether a real model answers, which writes what it likes.</summary>
    public bool IsFree { get; init; }

    public string Body =>
        $$"""{"model":"{{Model}}","messages":[{"role":"user","content":"one two three"}],"max_tokens":{{Words}},"stream":{{(IsStream ? "true" : "false")}}}""";

    /// <summary>Compares a response with what was asked for.</summary>
    public (AnswerKind Kind, string Detail) Compare(string text)
    {
        string expected = string.Join(' ', Enumerable.Range(1, Words).Select(static word => $"word{word}"));
        return IsFree || text == expected ? (AnswerKind.Right, "200") : (AnswerKind.Wrong, $"\"{text}\" and not \"{expected}\"");
    }
}
