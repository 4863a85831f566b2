using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Accounting;

/// <summary>One start of a runner until its end, as far as it is known.</summary>
/// <param name="Id">A number that no other start of this process has, in the order of the starts.</param>
/// <param name="Key">Backend, model and mode.</param>
/// <param name="Engine">The name of its engine.</param>
/// <param name="StartedAt">When it was started.</param>
internal sealed record RunnerLife(long Id, RunnerKey Key, string Engine, DateTimeOffset StartedAt)
{
    /// <summary>The version of its engine; null: it is not known.</summary>
    public string? Version { get; init; }

    /// <summary>When it was ready; null: it was not yet.</summary>
    public DateTimeOffset? ReadyAt { get; init; }

    /// <summary>When its process had ended; null: it has not.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Why it ended; null: it has not.</summary>
    public StopReason? Cause { get; init; }

    /// <summary>The last counters of the runner itself; null: they are not known.</summary>
    public RunnerCounts? Counts { get; init; }
}
