using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Scraping;

namespace ModelRunner.Daemon.Tests.Scraping;

/// <summary>The responses of a runner, byte by byte, and the reason of each failure.</summary>
public sealed class RunnerPageReaderTests
{
    private const int MaxBodyBytes = 64 * 1024;
    private const string Text = "Content-Type: text/plain; version=0.0.4\r\n";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static TheoryData<string, string, string> Answers => new()
    {
        { "loading", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 37\r\n\r\n{\"error\":{\"message\":\"Loading model\"}}", "LIF-07" },
        { "status", "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}", "a proxy in front of a server that is down" },
        { "unsupported", "HTTP/1.1 501 Not Implemented\r\nContent-Length: 2\r\n\r\n{}", "LIF-08" },
        { "unsupported", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\n{}", "TMO-06" },
        { "unauthorized", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "SEC-02" },
        { "unauthorized", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "" },
        { "status", "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", "TMO-06" },
        { "status", "HTTP/1.1 204 No Content\r\n\r\n", "only 200 is a page" },
        { "status", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/metrics\r\nContent-Length: 0\r\n\r\n", "NEG-10: not followed" },
        { "status", "BOO\r\n\r\n", "no HTTP" },
        { "content_type", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi", "NEG-05" },
        { "content_type", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", "NEG-05" },
        { "content_type", $"HTTP/1.1 200 OK\r\n{Text}Content-Encoding: br\r\nContent-Length: 2\r\n\r\nhi", "a coding that was not asked for" },
        { "truncated", $"HTTP/1.1 200 OK\r\n{Text}Content-Length: 9\r\n\r\nx 1\n", "shorter than told" },
        { "truncated", $"HTTP/1.1 200 OK\r\n{Text}Transfer-Encoding: chunked\r\n\r\n4\r\nx 1\n\r\n", "no last chunk" },
        { "truncated", $"HTTP/1.1 200 OK\r\n{Text}Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nx 1\n", "no gzip" },
        { "truncated", $"HTTP/1.1 200 OK\r\n{Text}Content-Encoding: gzip\r\n\r\n", "no byte of gzip" },
        { "truncated", $"HTTP/1.1 200 OK\r\n{Text}Content-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", "no byte of gzip" },
        { "truncated", $"HTTP/1.1 200 OK\r\n{Text}Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\u001f", "half a head of gzip" },
        { "truncated", $"HTTP/1.1 200 OK\r\n{Text}Transfer-Encoding: chunked\r\n\r\n-4\r\nx 1\n\r\n0\r\n\r\n", "no size of a chunk" },
        { "truncated", $"HTTP/1.1 200 OK\r\n{Text}Transfer-Encoding: chunked\r\n\r\n3\r\nx 1\n\r\n0\r\n\r\n", "a chunk longer than it says" },
        { "truncated", $"HTTP/1.1 200 OK\r\n{Text}Transfer-Encoding: chunked\r\n\r\n4;{new string('x', 200_000)}\r\nx 1\n\r\n0\r\n\r\n", "a chunk with a long extension" },
        { "truncated", $"HTTP/1.1 200 OK\r\n{Text}\r\nx 1\ny 12", "no length, and the connection ends inside a number" },
        { "truncated", $"HTTP/1.0 200 OK\r\n{Text}\r\nx 1\ny 12", "no length, and the connection ends inside a number" },
        { "truncated", $"HTTP/1.1 200 OK\r\n{Text}\r\n", "no length, and not even a line" },
        { "truncated", $"HTTP/1.1 200 OK\r\n{Text}Transfer-Encoding: identity\r\n\r\ny 12", "no length" },
        { "truncated", "HTTP/1.1 200 OK\r\nContent-Type: application/openmetrics-text\r\n\r\nx 1\n", "no length and no end mark" },
        { "status", $"HTTP/1.1 200 OK\r\n{Text}Content-Length: 2\r\nContent-Length: 4\r\n\r\nx 1\n", "two lengths" },
        { "status", $"HTTP/1.1 200 OK\r\n{Text}Content-Length: -1\r\n\r\nx 1\n", "no length" },
        { "status", $"HTTP/1.1 200 OK\r\n{Text}Content-Length: 99999999999999999999999\r\n\r\nx 1\n", "no length" },
        { "content_type", $"HTTP/1.1 200 OK\r\n{Text}Transfer-Encoding: gzip, chunked\r\n\r\n4\r\nx 1\n\r\n0\r\n\r\n", "a coding that was not asked for" },
        { "content_type", $"HTTP/1.1 200 OK\r\n{Text}Transfer-Encoding: gzip\r\n\r\nx 1\n", "a coding that was not asked for" },
        { "too_large", $"HTTP/1.1 200 OK\r\n{Text}Content-Length: 65537\r\n\r\n", "one byte over" },
        { "refused", "", "closed without an answer" },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task A_response_that_is_not_a_page_has_a_reason(string reason, string answer, string remark)
    {
        await using RawRunner runner = RawRunner.WithBytes(1, Encoding.UTF8.GetBytes(answer));

        ReadOutcome outcome = await ReadAsync(runner);

        Assert.True(reason == outcome.Failure?.ToLabelValue(), $"{outcome.Failure}: {remark}");
        Assert.Null(outcome.Body);
    }

    [Fact]
    public async Task A_missing_runner_has_the_reason_refused()
    {
        RawRunner runner = RawRunner.WithPage(1, "x 1\n");
        await runner.DisposeAsync();

        Assert.Equal(ScrapeFailureReason.Refused, (await ReadAsync(runner)).Failure);
    }

    [Theory]
    [InlineData("Content-Type: text/plain\r\n", false)]
    [InlineData("Content-Type: TEXT/PLAIN; charset=utf-8\r\n", false)]
    [InlineData("Content-Type: application/openmetrics-text; version=1.0.0\r\n", true)]
    [InlineData("", false)]
    public async Task The_content_types_of_the_formats_and_a_missing_one_are_accepted(string header, bool isOpenMetrics)
    {
        await using RawRunner runner = RawRunner.WithBytes(1, RawRunner.Page("x 1\n", header));

        ReadOutcome outcome = await ReadAsync(runner);

        Assert.Null(outcome.Failure);
        Assert.Equal(isOpenMetrics, outcome.IsOpenMetrics);
        Assert.Equal("x 1\n", Encoding.UTF8.GetString(outcome.Body!.Written.Span));
    }

    [Theory]
    [InlineData("Content-Length: 4\r\nContent-Length: 4\r\n\r\nx 1\n")]
    [InlineData("Transfer-Encoding: Chunked\r\n\r\n4;a=b\r\nx 1\n\r\n0;c\r\nX-Trailer: 1\r\n\r\n")]
    [InlineData("\r\nx 1\n")] // the connection ends, behind a line that is whole
    public async Task Every_way_to_mark_the_end_of_a_body_is_accepted(string answer)
    {
        await using RawRunner runner = RawRunner.WithBytes(1, Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\n{Text}{answer}"));

        Assert.Equal("x 1\n", Encoding.UTF8.GetString((await ReadAsync(runner)).Body!.Written.Span));
    }

    [Theory]
    [InlineData("x 1\n# EOF")]
    [InlineData("x 1\n# EOF\n")]
    public async Task An_OpenMetrics_body_without_a_length_ends_in_its_end_mark(string body)
    {
        await using RawRunner runner = RawRunner.WithBytes(1, Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/openmetrics-text\r\n\r\n{body}"));

        Assert.Equal(body, Encoding.UTF8.GetString((await ReadAsync(runner)).Body!.Written.Span));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("Content-Encoding: identity\r\n", false)]
    [InlineData("Content-Encoding: gzip\r\n", true)]
    [InlineData("Content-Encoding: x-gzip\r\n", true)]
    [InlineData("Content-Encoding: GZIP\r\n", true)]
    public async Task The_common_encodings_are_accepted(string header, bool useGzip)
    {
        byte[] body = useGzip ? Gzip("x 1\n") : Encoding.UTF8.GetBytes("x 1\n");
        byte[] head = Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\n{Text}{header}Content-Length: {body.Length}\r\n\r\n");
        await using RawRunner runner = RawRunner.WithBytes(1, [.. head, .. body]);

        ReadOutcome outcome = await ReadAsync(runner);

        Assert.Null(outcome.Failure);
        Assert.Equal("x 1\n", Encoding.UTF8.GetString(outcome.Body!.Written.Span));
    }

    /// <summary>A runner on TCP, since a socket of the file system leads to the same runner whatever the address says.</summary>
    [Fact]
    public async Task NEG_10_A_redirect_is_not_followed()
    {
        using var elsewhere = new TcpListener(IPAddress.Loopback, 0);
        elsewhere.Start();
        using var runner = new TcpListener(IPAddress.Loopback, 0);
        runner.Start();
        Task<TcpClient> accepting = runner.AcceptTcpClientAsync(Cancellation).AsTask();
        RunnerEndpoint endpoint = RunnerEndpointFactory.ForAddress(new Uri($"http://{runner.LocalEndpoint}"));

        Task<ReadOutcome> reading = new RunnerPageReader(() => MaxBodyBytes, new PageBodyBudget(long.MaxValue))
            .ReadAsync(endpoint, new Uri(endpoint.BaseAddress, "metrics"), lastBytes: 0, Cancellation).AsTask();
        using TcpClient client = await accepting;
        await client.GetStream().WriteAsync(
            Encoding.ASCII.GetBytes($"HTTP/1.1 302 Found\r\nLocation: http://{elsewhere.LocalEndpoint}/metrics\r\nContent-Length: 0\r\n\r\n"), Cancellation);
        await Task.WhenAny(reading, elsewhere.AcceptSocketAsync(Cancellation).AsTask());

        Assert.True(reading.IsCompleted, "It went where the runner sent it.");
        Assert.Equal(ScrapeFailureReason.Status, (await reading).Failure);
    }

    [Theory]
    [InlineData(MaxBodyBytes - 1)]
    [InlineData(MaxBodyBytes)]
    public async Task A_body_up_to_the_limit_is_complete(int bytes)
    {
        string body = new('#', bytes);
        await using RawRunner runner = RawRunner.WithPage(1, body);

        Assert.Equal(bytes, (await ReadAsync(runner)).Body!.Length);
    }

    [Fact]
    public async Task SIZ_02_An_endless_body_is_cancelled_at_the_limit()
    {
        byte[] head = Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\n{Text}\r\n");
        byte[] lines = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("x 1\n", 1000)));
        await using var runner = new RawRunner(1, async (stream, ending) =>
        {
            await stream.WriteAsync(head, ending);
            while (!ending.IsCancellationRequested)
                await stream.WriteAsync(lines, ending);
            return false;
        });

        Assert.Equal(ScrapeFailureReason.TooLarge, (await ReadAsync(runner)).Failure);
    }

    [Fact]
    public async Task A_gzip_body_is_limited_by_its_decoded_bytes()
    {
        byte[] small = Gzip(new string('x', 100));
        byte[] bomb = Gzip(new string('x', MaxBodyBytes + 1));
        await using RawRunner good = RawRunner.WithBytes(1, GzipAnswer(small));
        await using RawRunner bad = RawRunner.WithBytes(2, GzipAnswer(bomb));

        Assert.Equal(100, (await ReadAsync(good)).Body!.Length);
        Assert.Equal(ScrapeFailureReason.TooLarge, (await ReadAsync(bad)).Failure);
    }

    [Fact]
    public async Task An_incomplete_gzip_body_has_the_reason_truncated()
    {
        byte[] whole = Gzip(string.Concat(Enumerable.Range(0, 1000).Select(static i => $"x{{n=\"{i}\"}} {i}\n")));
        await using RawRunner runner = RawRunner.WithBytes(1, GzipAnswer(whole[..(whole.Length / 2)]));

        Assert.Equal(ScrapeFailureReason.Truncated, (await ReadAsync(runner)).Failure);
    }

    [Fact]
    public async Task Endless_headers_are_invalid_HTTP()
    {
        byte[] header = Encoding.UTF8.GetBytes($"X-Filler: {new string('x', 1000)}\r\n");
        await using var runner = new RawRunner(1, async (stream, ending) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray(), ending);
            while (!ending.IsCancellationRequested)
                await stream.WriteAsync(header, ending);
            return false;
        });

        Assert.Equal(ScrapeFailureReason.Status, (await ReadAsync(runner)).Failure);
    }

    [Fact]
    public async Task NEG_08_The_request_names_accepted_formats_and_forwards_nothing_of_the_client()
    {
        await using RawRunner runner = RawRunner.WithPage(1, "x 1\n");

        await ReadAsync(runner);

        string request = Assert.Single(runner.Requests);
        Assert.StartsWith("GET /metrics HTTP/1.1\r\n", request, StringComparison.Ordinal);
        string[] headers = [.. request.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Skip(1).Order(StringComparer.Ordinal)];
        Assert.Equal(["Accept-Encoding: identity", "Accept: text/plain;version=0.0.4", "Host: runner-1"], headers);
    }

    private static Task<ReadOutcome> ReadAsync(RawRunner runner) =>
        new RunnerPageReader(() => MaxBodyBytes, new PageBodyBudget(long.MaxValue))
            .ReadAsync(runner.Snapshot.Endpoint!, new Uri(runner.Snapshot.Endpoint!.BaseAddress, "metrics"), lastBytes: 0, Cancellation)
            .AsTask();

    private static byte[] Gzip(string text)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Optimal))
            gzip.Write(Encoding.UTF8.GetBytes(text));
        return packed.ToArray();
    }

    private static byte[] GzipAnswer(byte[] body) =>
        [.. Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\n{Text}Content-Encoding: gzip\r\nContent-Length: {body.Length}\r\n\r\n"), .. body];
}
