using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Testing;
using static ModelRunner.Daemon.Tests.Metrics.CaseDaemon;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>Reports about formats and encodings, as cases against the whole daemon.</summary>
public sealed partial class NegotiationCases(CaseDaemon bed) : IClassFixture<CaseDaemon>
{
    private const string OpenMetricsBody = "# TYPE rt_build info\nrt_build_info{v=\"1\"} 1\n# TYPE rt_u unknown\nrt_u 1\n# EOF\n";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null, TextType)]
    [InlineData("application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5", OpenMetricsType)]
    public async Task NEG_01_Runners_always_get_a_request_for_text(string? accept, string type)
    {
        bed.A.Answer = (stream, _) => RawRunner.WriteAsync(stream, bed.A.Requests[^1].Contains("openmetrics", StringComparison.Ordinal)
            ? RawRunner.Page(OpenMetricsBody, "Content-Type: application/openmetrics-text; version=1.0.0\r\n")
            : RawRunner.Page("# TYPE rt_u untyped\nrt_u 2\n"));

        using HttpResponseMessage response = await bed.GetAsync(accept is null ? [] : [("Accept", accept)]);
        string page = await response.Content.ReadAsStringAsync(Cancellation);

        Assert.Equal(type, response.Content.Headers.NonValidated["Content-Type"].ToString());
        Assert.Contains("\r\nAccept: text/plain;version=0.0.4\r\n", bed.A.Requests[^1], StringComparison.Ordinal);
        Assert.Equal([$"rt_u{{{LabelsOfA}}} 2"], SamplesOfA(page));
    }

    [Fact]
    public async Task NEG_01_A_page_in_OpenMetrics_is_converted()
    {
        string page = await bed.PageAsync(RawRunner.Page(OpenMetricsBody, "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));

        Assert.Equal([$"rt_build_info{{{LabelsOfA},v=\"1\"}} 1", $"rt_u{{{LabelsOfA}}} 1"], SamplesOfA(page));
        Assert.Contains("\n# TYPE rt_build_info gauge\n", page, StringComparison.Ordinal);
        Assert.Contains("\n# TYPE rt_u untyped\n", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("200 OK", "rt:u 1\n")]
    [InlineData("500 Internal Server Error", "boom")]
    public async Task NEG_05_The_content_type_is_the_same_after_every_failure(string status, string body)
    {
        bed.A.Answer = (stream, _) => RawRunner.WriteAsync(stream, RawRunner.Page(body, status: status));
        using HttpResponseMessage plain = await bed.GetAsync();
        using HttpResponseMessage packed = await bed.GetAsync(("Accept-Encoding", "gzip"));
        using HttpResponseMessage head = await bed.SendAsync(HttpMethod.Head, "metrics");
        using HttpResponseMessage openMetrics = await bed.GetAsync(("Accept", "application/openmetrics-text; version=1.0.0"), ("Accept-Encoding", "gzip"));

        Assert.All([plain, packed, head], static response =>
            Assert.Equal(TextType, Assert.Single(response.Content.Headers.NonValidated["Content-Type"])));
        Assert.Equal(OpenMetricsType, Assert.Single(openMetrics.Content.Headers.NonValidated["Content-Type"]));
    }

    [Fact]
    public async Task NEG_05_The_content_type_is_the_same_without_a_runner()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        using HttpResponseMessage response = await daemon.Client.GetAsync(new Uri("metrics", UriKind.Relative), Cancellation);

        Assert.Equal(TextType, Assert.Single(response.Content.Headers.NonValidated["Content-Type"]));
        PageRules.Check(await response.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Fact]
    public async Task NEG_03_Repeated_headers_are_combined()
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(bed.Daemon.SocketPath), Cancellation);
        await using var stream = new NetworkStream(socket);
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes(
                "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: application/json\r\nAccept: application/openmetrics-text;version=1.0.0\r\n"
                + "Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n\r\n"),
            Cancellation);
        using var reader = new StreamReader(stream, Encoding.Latin1);
        string answer = await reader.ReadToEndAsync(Cancellation);

        Assert.Contains($"\r\nContent-Type: {OpenMetricsType}\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nContent-Encoding: gzip\r\n", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("Content-Type: text/plain\r\n", null)]
    [InlineData("Content-Type: application/json\r\n", "content_type")]
    [InlineData("Content-Type: text/html\r\n", "content_type")]
    public async Task NEG_05_A_runner_may_omit_its_content_type_but_it_must_not_be_wrong(string header, string? reason)
    {
        string page = await bed.PageAsync(RawRunner.Page("rt:u 4\n", header));

        Assert.Equal(reason, DownOfA(page));
        Assert.Equal(reason is null ? [$"rt:u{{{LabelsOfA}}} 4"] : [], SamplesOfA(page));
    }

    [Theory]
    [InlineData("if asked", null)]
    [InlineData("always", null)]
    [InlineData("without the header", "parse")]
    public async Task NEG_06_The_encodings_of_clients_and_runners_are_independent(string packs, string? reason)
    {
        bed.A.Answer = (stream, _) => RawRunner.WriteAsync(
            stream, packs == "if asked" && !bed.A.Requests[^1].Contains("gzip", StringComparison.Ordinal)
                ? RawRunner.Page("rt:u 4\n")
                : Packed("rt:u 4\n", packs == "without the header" ? "" : "Content-Encoding: gzip\r\n"));

        using HttpResponseMessage response = await bed.GetAsync(("Accept-Encoding", "gzip, br, deflate"));
        byte[] page = Unpack(await response.Content.ReadAsByteArrayAsync(Cancellation));
        string text = Encoding.UTF8.GetString(page);

        Assert.Equal("gzip", Assert.Single(response.Content.Headers.ContentEncoding));
        PageRules.Check(page);
        Assert.Contains("\r\nAccept-Encoding: identity\r\n", bed.A.Requests[^1], StringComparison.Ordinal);
        Assert.Equal(reason, DownOfA(text));
        Assert.Equal(reason is null ? [$"rt:u{{{LabelsOfA}}} 4"] : [], SamplesOfA(text));
    }

    [Fact]
    public async Task NEG_08_A_runner_that_requires_Accept_gets_it()
    {
        bed.A.Answer = (stream, _) => RawRunner.WriteAsync(stream, bed.A.Requests[^1].Contains("\r\nAccept: text/plain", StringComparison.Ordinal)
            ? RawRunner.Page("rt:u 4\n")
            : RawRunner.Page("", status: "406 Not Acceptable"));

        Assert.Equal([$"rt:u{{{LabelsOfA}}} 4"], SamplesOfA(await bed.PageAsync()));
    }

    [Theory]
    [InlineData("gzip", true)]
    [InlineData("gzip;q=0", false)]
    [InlineData("identity", false)]
    [InlineData("zstd", false)]
    [InlineData("*;q=0.1, identity;q=0", true)]
    public async Task NEG_09_The_compressed_page_has_the_same_bytes(string accepted, bool useGzip)
    {
        // The first page of a daemon has no duration of the page before it.
        await bed.PageWithAsync("rt:u 4\n");
        string plain = await bed.PageWithAsync("rt:u 4\n");
        using HttpResponseMessage response = await bed.GetAsync(("Accept-Encoding", accepted));
        byte[] body = await response.Content.ReadAsByteArrayAsync(Cancellation);

        Assert.Equal(useGzip ? ["gzip"] : [], response.Content.Headers.ContentEncoding);
        Assert.Contains("Accept-Encoding", response.Headers.Vary);
        // Read from the header, because the property computes a length if the header is missing.
        Assert.Equal($"{body.Length}", Assert.Single(response.Content.Headers.NonValidated["Content-Length"]));
        Assert.Equal(Changing().Replace(plain, ""), Changing().Replace(Encoding.UTF8.GetString(useGzip ? Unpack(body) : body), ""));
    }

    [Theory]
    [InlineData("metrics")]
    [InlineData("metrics/")]
    public async Task NEG_10_Both_spellings_of_the_path_get_the_page_without_a_redirect(string path)
    {
        bed.A.Answer = static (stream, _) => RawRunner.WriteAsync(stream, RawRunner.Page("rt:u 4\n"));
        using HttpResponseMessage response = await bed.SendAsync(HttpMethod.Get, path);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal([$"rt:u{{{LabelsOfA}}} 4"], SamplesOfA(await response.Content.ReadAsStringAsync(Cancellation)));
    }

    [Theory]
    [InlineData("301 Moved Permanently")]
    [InlineData("302 Found")]
    [InlineData("307 Temporary Redirect")]
    [InlineData("308 Permanent Redirect")]
    public async Task NEG_10_A_runner_cannot_send_the_daemon_elsewhere(string status)
    {
        using var elsewhere = new TcpListener(IPAddress.Loopback, 0);
        elsewhere.Start();

        string page = await bed.PageAsync(RawRunner.Page("", $"Location: http://{elsewhere.LocalEndpoint}/metrics\r\n", status));

        Assert.Equal("status", DownOfA(page));
        Assert.Empty(SamplesOfA(page));
        Assert.False(elsewhere.Pending(), "The daemon went where the runner sent it.");
    }

    [Fact]
    public async Task NEG_13_Timestamps_of_runners_do_not_reach_the_page()
    {
        string page = await bed.PageWithAsync("rt:u 4 1000000000000\nrt:v 5 1784700000.123\n");

        Assert.Equal([$"rt:u{{{LabelsOfA}}} 4"], SamplesOfA(page));
    }

    private static byte[] Packed(string body, string header)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(Encoding.UTF8.GetBytes(body));
        byte[] bytes = packed.ToArray();
        string head = $"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n{header}Content-Length: {bytes.Length}\r\n\r\n";
        return [.. Encoding.UTF8.GetBytes(head), .. bytes];
    }

    private static byte[] Unpack(byte[] packed)
    {
        using var gzip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
        using var plain = new MemoryStream();
        gzip.CopyTo(plain);
        return plain.ToArray();
    }

    /// <summary>Values of the daemon's own that differ from page to page.</summary>
    [GeneratedRegex("(?m)(?<=^model_runner_(process_|scrape_duration|page_duration|scrapes_total)[^ ]* ).*$", RegexOptions.ExplicitCapture, 10_000)]
    private static partial Regex Changing();
}
