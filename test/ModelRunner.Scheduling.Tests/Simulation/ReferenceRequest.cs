namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>A request of the <see cref="ReferenceScheduler"/>.</summary>
internal sealed class ReferenceRequest(long id, string model, RunnerDemand demand, TimeSpan arrived, TimeSpan rank)
{
    public long Id => id;

    public string Model => model;

    public RunnerDemand Demand => demand;

    public TimeSpan Arrived => arrived;

    public TimeSpan Rank => rank;

    public bool IsRunning { get; set; }
}
