namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>A process of the simulated shell, as it really is, whatever the scheduler has been told so far.</summary>
internal sealed class FakeProcess(RunnerId id, RunnerKey key, long memory)
{
    public RunnerId Id => id;

    public RunnerKey Key => key;

    public long Memory => memory;

    public bool IsReady { get; set; }

    public bool IsStopping { get; set; }

    /// <summary>It is gone, but the scheduler does not know yet.</summary>
    public bool IsGone { get; set; }

    /// <summary>Whether the scheduler was told that it is ready.</summary>
    public bool WasReadyTold { get; set; }

    /// <summary>Whether the scheduler waits to hear whether it lives.</summary>
    public bool IsBeingChecked { get; set; }

    /// <summary>It takes requests and never ends one.</summary>
    public bool IsStuck { get; set; }

    /// <summary>Whether it answered a request.</summary>
    public bool HasServed { get; set; }

    public HashSet<RequestId> Requests { get; } = [];

    /// <summary>When its requests may be cut, because it is unloaded; null: never.</summary>
    public TimeSpan? MayBeCutAt { get; set; }
}
