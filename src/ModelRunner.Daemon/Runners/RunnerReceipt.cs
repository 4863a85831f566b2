namespace ModelRunner.Daemon.Runners;

/// <summary>What a runner really uses, as its engine reported when it was ready. Immutable.</summary>
internal sealed record RunnerReceipt
{
    /// <summary>The context of one request that was configured, in tokens; null: unknown.</summary>
    public int? ConfiguredContext { get; init; }

    /// <summary>The context of one request in effect, in tokens; null: unknown.</summary>
    public int? EffectiveContext { get; init; }

    /// <summary>The version of its engine; null: unknown.</summary>
    public string? EngineVersion { get; init; }

    /// <summary>The layers that were to be on graphics cards; null: none were, or it is unknown.</summary>
    public int? RequestedLayers { get; init; }

    /// <summary>The layers that are on graphics cards; null: unknown.</summary>
    public int? OffloadedLayers { get; init; }

    /// <summary>The devices that hold the weights, for instance <c>CUDA0</c> or <c>CPU</c>; empty: unknown.</summary>
    public string Devices { get; init; } = "";

    /// <summary>Why its draft model is loaded and never used, a clause; null: it has none, or uses it.</summary>
    public string? DraftProblem { get; init; }

    /// <summary>The part of the requested layers that is on graphics cards; null: none were requested, or it is unknown.</summary>
    public double? OffloadRatio =>
        RequestedLayers is > 0 and var requested && OffloadedLayers is { } offloaded ? Math.Min(1.0, (double)offloaded / requested) : null;

    /// <summary>What is less than was configured, each as a clause.</summary>
    public IReadOnlyList<string> Shortfalls => [.. Describe()];

    private IEnumerable<string> Describe()
    {
        if (OffloadRatio < 1)
            yield return OffloadedLayers == 0
                ? "no layer is on a graphics card"
                : FormattableString.Invariant($"{OffloadedLayers} of {RequestedLayers} layers are on a graphics card, the others on the processor");
        if (EffectiveContext < ConfiguredContext)
            yield return FormattableString.Invariant($"the context is {EffectiveContext} tokens instead of {ConfiguredContext}");
        if (DraftProblem is not null)
            yield return $"the draft model is not used: {DraftProblem}";
    }
}
