namespace ModelRunner.RequestBenchmark;

/// <summary>What to measure.</summary>
/// <param name="Daemons">The executables of the daemons, the newest first.</param>
/// <param name="Connections">The connections that send requests at the same time, and the streams that run at the same time.</param>
/// <param name="Runs">How often each is measured.</param>
/// <param name="Duration">How long one measurement takes.</param>
internal sealed record RequestOptions(IReadOnlyList<string> Daemons, int Connections, int Runs, TimeSpan Duration);
