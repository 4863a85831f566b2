using System.Text;

namespace ModelRunner.ScrapeBenchmark.Pages;

/// <summary>What the scraper asks for.</summary>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Title">Its name in tables.</param>
/// <param name="Accept">The value of the header <c>Accept</c>.</param>
/// <param name="UsesGzip">Whether the scraper accepts gzip.</param>
internal sealed record PageForm(string Name, string Title, string Accept, bool UsesGzip)
{
    private const string TextAccept = "text/plain;version=0.0.4";

    // As Prometheus 3 sends it.
    private const string OpenMetricsAccept =
        "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
        + "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

    public static PageForm Text { get; } = new("text", "text", TextAccept, UsesGzip: false);

    public static PageForm TextGzip { get; } = new("text-gzip", "text, gzip", TextAccept, UsesGzip: true);

    public static PageForm OpenMetrics { get; } = new("openmetrics", "OpenMetrics", OpenMetricsAccept, UsesGzip: false);

    /// <summary>What Prometheus asks for by default.</summary>
    public static PageForm OpenMetricsGzip { get; } = new("openmetrics-gzip", "OpenMetrics, gzip", OpenMetricsAccept, UsesGzip: true);

    /// <summary>All forms of the command line.</summary>
    public static IReadOnlyList<PageForm> All { get; } = [Text, TextGzip, OpenMetrics, OpenMetricsGzip];

    /// <summary>The request of the scraper.</summary>
    public byte[] Request { get; } = Encoding.ASCII.GetBytes(
        $"GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: {Accept}\r\n{(UsesGzip ? "Accept-Encoding: gzip\r\n" : "")}X-Prometheus-Scrape-Timeout-Seconds: 60\r\n\r\n");
}
