namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>A simulated process in its real state, whatever the scheduler knows.</summary>
internal sealed class FakeProcess(RunnerId id, RunnerKey key, long memory, TimeSpan startedAt)
{
    public RunnerId Id => id;

    public RunnerKey Key => key;

    public long Memory => memory;

    public TimeSpan StartedAt => startedAt;

    /// <summary>What it has on graphics cards.</summary>
    public IReadOnlyList<CardReading> Cards { get; init; } = [];

    /// <summary>Whether it may have been started with settings that are not valid any more.</summary>
    public bool MayBeOutdated { get; set; }

    /// <summary>When it was told to stop; valid only then.</summary>
    public TimeSpan StoppedAt { get; set; }

    public bool IsReady { get; set; }

    public bool IsStopping => Stop is not null;

    /// <summary>Why it was told to stop; null if it was not.</summary>
    public StopReason? Stop { get; set; }

    /// <summary>It has ended, but the scheduler does not know yet.</summary>
    public bool IsGone { get; set; }

    /// <summary>Whether the scheduler knows that it is ready.</summary>
    public bool WasReadyTold { get; set; }

    /// <summary>Whether the scheduler waits to hear whether it lives.</summary>
    public bool IsBeingChecked { get; set; }

    /// <summary>It accepts requests and never completes one.</summary>
    public bool IsStuck { get; set; }

    /// <summary>Whether it completed a request.</summary>
    public bool HasServed { get; set; }

    public HashSet<RequestId> Requests { get; } = [];

    /// <summary>When its requests may be cut, because it is unloaded; null: never.</summary>
    public TimeSpan? MayBeCutAt { get; set; }
}
