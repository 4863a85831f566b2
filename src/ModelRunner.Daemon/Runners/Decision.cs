using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners;

/// <summary>One decision about a runner, with its reason and its numbers. Immutable.</summary>
/// <param name="Time">When it was made; of a repeated one, the last time.</param>
/// <param name="Kind">What was decided.</param>
/// <param name="Key">What it was decided about.</param>
/// <param name="Text">A sentence for a person. It may hold a path from the output of an engine.</param>
internal sealed record Decision(DateTimeOffset Time, DecisionKind Kind, RunnerKey Key, string Text)
{
    /// <summary>The reason, from a closed list: that of a stop, a failure, a refusal or a wait; null: there is only one.</summary>
    public string? Reason { get; init; }

    /// <summary>The model for which it was made, or behind which this one waits; null: none.</summary>
    public RunnerKey? Other { get; init; }

    /// <summary>The name of the key whose request caused it; null: no request did, or it had no key.</summary>
    public string? By { get; init; }

    /// <summary>The id of the request that caused it; null: none did. Of a repeated decision, that of the last request.</summary>
    public string? RequestId { get; init; }

    /// <summary>The numbers with which it was made; null: it does not depend on any.</summary>
    public CapacityReading? Capacity { get; init; }

    /// <summary>How often it was made in a row.</summary>
    public long Count { get; init; } = 1;
}
