namespace ModelRunner.ScrapeBenchmark;

/// <summary>Something is wrong with what was to be measured; the message is one sentence for the user.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);
