namespace ModelRunner.RequestBenchmark;

/// <summary>The result of one measurement.</summary>
/// <param name="RequestsPerSecond">Completed requests per second with many connections.</param>
/// <param name="CpuMicroseconds">CPU time of the daemon for one of these requests; NaN without a daemon.</param>
/// <param name="MedianMicroseconds">The median duration of a request with one connection.</param>
/// <param name="SlowMicroseconds">The 99th percentile of it.</param>
/// <param name="EventMicroseconds">The median time from the sending of an event to its arrival, with many streams.</param>
/// <param name="SlowEventMicroseconds">The 99th percentile of it.</param>
internal sealed record LoadFigures(
    double RequestsPerSecond, double CpuMicroseconds, double MedianMicroseconds, double SlowMicroseconds, double EventMicroseconds,
    double SlowEventMicroseconds);
