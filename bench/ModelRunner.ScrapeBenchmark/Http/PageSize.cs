namespace ModelRunner.ScrapeBenchmark.Http;

/// <summary>How long a page is. While nothing fails, every page of an aggregator has the same lines.</summary>
/// <param name="Bytes">Its bytes after decoding.</param>
/// <param name="Lines">Its line feeds.</param>
internal readonly record struct PageSize(long Bytes, int Lines);
