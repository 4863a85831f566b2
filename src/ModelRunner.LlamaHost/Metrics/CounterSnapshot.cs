namespace ModelRunner.LlamaHost.Metrics;

/// <summary>The counters at one moment.</summary>
internal readonly record struct CounterSnapshot
{
    /// <summary>Prompt tokens that were computed.</summary>
    public long PromptTokens { get; init; }

    /// <summary>Prompt tokens that were found in a cache.</summary>
    public long CachedTokens { get; init; }

    /// <summary>Time spent on prompts, summed over concurrent requests.</summary>
    public TimeSpan PromptTime { get; init; }

    /// <summary>Generated tokens, each response's end token included.</summary>
    public long PredictedTokens { get; init; }

    /// <summary>Time spent on generating, summed over concurrent requests.</summary>
    public TimeSpan PredictedTime { get; init; }

    /// <summary>Decode calls.</summary>
    public long Decodes { get; init; }

    /// <summary>Slots that took part in decode calls, summed over the calls.</summary>
    public long BusySlots { get; init; }

    /// <summary>Tokens of the longest sequence.</summary>
    public long LongestSequence { get; init; }

    /// <summary>Prompt tokens per second within <see cref="ThroughputWindow"/>.</summary>
    public double PromptRate { get; init; }

    /// <summary>Generated tokens per second within <see cref="ThroughputWindow"/>.</summary>
    public double PredictedRate { get; init; }
}
