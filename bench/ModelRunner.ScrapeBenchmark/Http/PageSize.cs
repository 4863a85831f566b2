namespace ModelRunner.ScrapeBenchmark.Http;

/// <summary>The length of a page. Unless something fails, every page of an aggregator has the same number of lines.</summary>
/// <param name="Bytes">Its bytes as they were received.</param>
/// <param name="Lines">Its line feeds; 0 for a compressed page.</param>
internal readonly record struct PageSize(long Bytes, int Lines);
