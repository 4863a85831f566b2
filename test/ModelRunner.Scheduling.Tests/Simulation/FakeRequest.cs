namespace ModelRunner.Scheduling.Tests.Simulation;

/// <summary>A request of the simulation.</summary>
/// <param name="Key">What it asks for.</param>
/// <param name="Demand">What it needs.</param>
/// <param name="Arrived">When it arrived.</param>
/// <param name="Rank">Its place in the order: later than its arrival if it is a background request.</param>
internal sealed record FakeRequest(RunnerKey Key, RunnerDemand Demand, TimeSpan Arrived, TimeSpan Rank);
