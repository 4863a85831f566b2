namespace ModelRunner.ScrapeBenchmark;

/// <summary>A measurement is not possible or a page is wrong; the message is one sentence for the user.</summary>
internal sealed class BenchmarkException(string message) : Exception(message);
