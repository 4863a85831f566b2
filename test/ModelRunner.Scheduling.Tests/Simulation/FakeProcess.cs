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

    public HashSet<RequestId> Requests { get; } = [];

    /// <summary>When it was first asked to be unloaded.</summary>
    public TimeSpan? UnloadAskedAt { get; set; }
}
