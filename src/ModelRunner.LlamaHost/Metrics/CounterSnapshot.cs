namespace ModelRunner.LlamaHost.Metrics;

/// <summary>The counters at one moment.</summary>
internal readonly record struct CounterSnapshot
{
    /// <summary>Prompt tokens that were computed.</summary>
    public long PromptTokens { get; init; }

    /// <summary>Prompt tokens that were found in a cache.</summary>
    public long CachedTokens { get; init; }

    /// <summary>Time spent on prompts, summed over requests that may have run side by side.</summary>
    public TimeSpan PromptTime { get; init; }

    /// <summary>Generated tokens, each answer's end token included.</summary>
    public long PredictedTokens { get; init; }

    /// <summary>Time spent on generating, summed over requests that may have run side by side.</summary>
    public TimeSpan PredictedTime { get; init; }

    /// <summary>Decode calls.</summary>
    public long Decodes { get; init; }

    /// <summary>Slots that decode calls worked for, summed over the calls.</summary>
    public long BusySlots { get; init; }

    /// <summary>Tokens of the longest sequence.</summary>
    public long LongestSequence { get; init; }

    /// <summary>Prompt tokens a second within <see cref="ThroughputWindow"/>.</summary>
    public double PromptRate { get; init; }

    /// <summary>Generated tokens a second within <see cref="ThroughputWindow"/>.</summary>
    public double PredictedRate { get; init; }
}
