namespace ModelRunner.ScrapeBenchmark;

/// <summary>What to measure.</summary>
/// <param name="DaemonPath">The executable of the daemon.</param>
/// <param name="Workloads">The runners and pages, each of which becomes a line of the table.</param>
/// <param name="Runs">How often each is measured.</param>
/// <param name="Duration">How long one measurement takes, at least one scrape.</param>
/// <param name="HasFloor">Whether the floor is measured beside the daemon.</param>
internal sealed record BenchmarkOptions(
    string DaemonPath, IReadOnlyList<Workload> Workloads, int Runs, TimeSpan Duration, bool HasFloor);
