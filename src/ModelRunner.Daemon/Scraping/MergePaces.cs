namespace ModelRunner.Daemon.Scraping;

/// <summary>
/// How long large pages take on this machine, plain and compressed. The scraper reads it to know how long it can wait for runners; the code
/// that writes the pages records it. Thread-safe.
/// </summary>
internal sealed class MergePaces
{
    private readonly MergePace _plain = new(restPerParsing: 2);
    private readonly MergePace _gzip = new(restPerParsing: 8);

    /// <summary>The pace of pages with or without compression.</summary>
    public MergePace Of(bool useGzip) => useGzip ? _gzip : _plain;
}
