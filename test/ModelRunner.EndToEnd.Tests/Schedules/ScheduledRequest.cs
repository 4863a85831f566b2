namespace ModelRunner.EndToEnd.Tests.Schedules;

/// <summary>One request of a schedule.</summary>
/// <param name="Id">Its name in the journal of the stub.</param>
/// <param name="Kind">What it asks for.</param>
/// <param name="Words">Tokens of its prompt. No other request of the schedule has as many.</param>
/// <param name="Tokens">Tokens to generate.</param>
/// <param name="LeavesAfter">After how many lines, or events of the schedule, its client leaves.</param>
internal sealed record ScheduledRequest(string Id, RequestKind Kind, int Words, int Tokens, int LeavesAfter)
{
    /// <summary>The model without its tag.</summary>
    public string Model => Kind switch
    {
        RequestKind.Json or RequestKind.Stream => "tiny-chat",
        RequestKind.Embedding => "tiny-embed",
        RequestKind.NoModel => "no-such-model",
        _ => "tiny-leave",
    };

    public string Path => Kind == RequestKind.Embedding ? "v1/embeddings" : "v1/completions";

    public bool Leaves => Kind is RequestKind.LeavesStream or RequestKind.LeavesEarly;

    public string Body
    {
        get
        {
            string prompt = string.Join(' ', Enumerable.Repeat("word", Words));
            return Kind == RequestKind.Embedding
                ? $$"""{"model":"{{Model}}","user":"{{Id}}","input":"{{prompt}}"}"""
                : $$"""{"model":"{{Model}}","user":"{{Id}}","prompt":"{{prompt}}","max_tokens":{{(Leaves ? 100_000 : Tokens)}},"stream":{{(Kind is RequestKind.Json ? "false" : "true")}}}""";
        }
    }

    /// <summary>What its client saw.</summary>
    public ClientView View { get; set; }
}
