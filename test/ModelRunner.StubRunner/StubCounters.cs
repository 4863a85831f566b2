namespace ModelRunner.StubRunner;

/// <summary>The numbers behind the stub's own metrics page.</summary>
internal sealed class StubCounters
{
    private long _decodes;
    private long _generatedTokens;
    private long _largestSequence;
    private long _predictedTokens;
    private long _promptTokens;

    public long PromptTokens => Interlocked.Read(ref _promptTokens);

    public long PredictedTokens => Interlocked.Read(ref _predictedTokens);

    /// <summary>Counted one by one, also those of requests that are not done.</summary>
    public long GeneratedTokens => Interlocked.Read(ref _generatedTokens);

    public long Decodes => Interlocked.Read(ref _decodes);

    public long LargestSequence => Interlocked.Read(ref _largestSequence);

    public void CountGenerated() => Interlocked.Increment(ref _generatedTokens);

    public void CountPrompt(int tokens) => Interlocked.Add(ref _promptTokens, tokens);

    /// <summary>Counts what a request generated. Like llama-server this happens once, when the request ends.</summary>
    public void CountPredicted(int promptTokens, int tokens)
    {
        Interlocked.Add(ref _predictedTokens, tokens);
        Interlocked.Add(ref _decodes, tokens);
        long sequence = promptTokens + tokens;
        for (long seen = LargestSequence; sequence > seen; seen = LargestSequence)
            Interlocked.CompareExchange(ref _largestSequence, sequence, seen);
    }
}
