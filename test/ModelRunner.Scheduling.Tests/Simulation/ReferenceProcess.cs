namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>A process of the <see cref="ReferenceScheduler"/>.</summary>
internal sealed class ReferenceProcess(string model, RunnerDemand demand, TimeSpan startedAt)
{
    public string Model => model;

    /// <summary>What the latest request for the model says; its memory stays that of the start.</summary>
    public RunnerDemand Demand { get; set; } = demand;

    public required long Memory { get; init; }

    public required Dictionary<string, long> Cards { get; init; }

    public TimeSpan StartedAt => startedAt;

    /// <summary>loading, ready or stopping.</summary>
    public string State { get; set; } = "loading";

    public bool IsClosing { get; set; }

    public TimeSpan ReadyAt { get; set; }

    public TimeSpan LoadTime => ReadyAt - StartedAt;

    public TimeSpan LastUsed { get; set; }

    public TimeSpan? LastInteractive { get; set; }

    public int Collated { get; set; }
}
