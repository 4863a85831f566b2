namespace ModelRunner.ScrapeBenchmark.Http;

/// <summary>The length of a page. Unless something fails, every page of an aggregator has the same number of lines.</summary>
/// <param name="Bytes">Its bytes after decoding.</param>
/// <param name="Lines">Its line feeds.</param>
internal readonly record struct PageSize(long Bytes, int Lines);
