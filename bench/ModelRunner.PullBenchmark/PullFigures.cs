namespace ModelRunner.PullBenchmark;

/// <summary>What a pull cost.</summary>
/// <param name="ProcessorSeconds">CPU time of the daemon, in seconds.</param>
/// <param name="Seconds">Its duration.</param>
/// <param name="PeakBytes">The most resident memory of the daemon meanwhile.</param>
internal sealed record PullFigures(double ProcessorSeconds, double Seconds, long PeakBytes);
