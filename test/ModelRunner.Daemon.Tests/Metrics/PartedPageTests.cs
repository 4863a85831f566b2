using System.IO.Compression;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Exposition;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>Pages that are too large to be in memory as a whole.</summary>
public sealed class PartedPageTests
{
    private const int Families = 60;
    private const int SamplesOfFamily = 600;

    private static readonly string LargePage = string.Concat(Enumerable.Range(0, Families).Select(static family =>
        string.Concat(Enumerable.Range(0, SamplesOfFamily).Select(sample => $"f{family:D2}{{queue=\"a queue with a name of its own {sample}\"}} 1\n"))));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_parts_of_a_page_are_the_page()
    {
        await using RawRunner runner = RawRunner.WithPage(1, LargePage);
        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);
        using ScrapedPages pages = Assembler(runner, scraper);

        using PageReader whole = await AssembleAsync(pages, mayBeParted: false);
        using PageReader parted = await AssembleAsync(pages, mayBeParted: true);
        Assert.True(whole.Page.IsComplete);
        Assert.False(parted.Page.IsComplete);
        List<string> parts = await PartsOfAsync(parted);

        Assert.True(parts.Count > 3, $"{parts.Count} parts");
        Assert.Equal(RunnerSamples(await whole.ReadToEndAsync(Cancellation)), RunnerSamples(string.Concat(parts)));
        Assert.Null(await parted.NextAsync(Cancellation));
    }

    [Fact]
    public async Task While_a_part_is_sent_other_pages_are_written()
    {
        await using RawRunner runner = RawRunner.WithPage(1, LargePage);
        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);
        using ScrapedPages pages = Assembler(runner, scraper);

        using PageReader slow = await AssembleAsync(pages, mayBeParted: true);
        PageReader left = await AssembleAsync(pages, mayBeParted: true);
        left.Dispose();
        using PageReader quick = await AssembleAsync(pages, mayBeParted: false);
        List<string> parts = await PartsOfAsync(slow);

        Assert.Equal(RunnerSamples(await quick.ReadToEndAsync(Cancellation)), RunnerSamples(string.Concat(parts)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_large_page_is_sent_in_chunks(bool useGzip)
    {
        await using RawRunner runner = RawRunner.WithPage(1, LargePage);
        await using DaemonFixture daemon = await StartAsync(runner);
        using var request = new HttpRequestMessage(HttpMethod.Get, "metrics");
        request.Headers.Add("X-Prometheus-Scrape-Timeout-Seconds", "60");
        if (useGzip)
            request.Headers.Add("Accept-Encoding", "gzip");

        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);
        await using Stream body = await response.Content.ReadAsStreamAsync(Cancellation);
        using var reader = new StreamReader(useGzip ? new GZipStream(body, CompressionMode.Decompress) : body);

        Assert.Equal(Families * SamplesOfFamily, RunnerSamples(await reader.ReadToEndAsync(Cancellation)).Count);
        Assert.Equal(useGzip, response.Content.Headers.ContentEncoding.Contains("gzip"));
        Assert.True(response.Headers.TransferEncodingChunked);
    }

    [Fact]
    public async Task A_client_that_cannot_detect_truncation_gets_the_page_at_once_with_its_length()
    {
        await using RawRunner runner = RawRunner.WithPage(1, LargePage);
        await using DaemonFixture daemon = await StartAsync(runner);
        using Socket socket = await ConnectAsync(daemon);

        await socket.SendAsync("GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n"u8.ToArray(), Cancellation);
        string answer = await ReadToEndAsync(socket);
        int end = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;

        Assert.Contains($"\r\nContent-Length: {answer.Length - end}\r\n", answer[..end], StringComparison.Ordinal);
        Assert.Equal(Families * SamplesOfFamily, RunnerSamples(answer[end..]).Count);
    }

    [Theory]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n", false)]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", true)]
    public async Task A_truncated_page_never_ends_like_a_complete_one(string request, bool endsItsSide)
    {
        await using RawRunner runner = RawRunner.WithPage(1, LargePage);
        await using DaemonFixture daemon = await StartAsync(runner);
        using Socket socket = await ConnectAsync(daemon);

        // The first page includes just-in-time compilation.
        await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
        await socket.SendAsync(Encoding.ASCII.GetBytes(request), Cancellation);
        Assert.Equal(1, await socket.ReceiveAsync(new byte[1], Cancellation));
        if (endsItsSide)
            socket.Shutdown(SocketShutdown.Send);
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(HangUp.IsSeen(socket)), DaemonFixture.Patience);
        string answer = await ReadToEndAsync(socket);

        Assert.False(answer.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal), "it ends like a whole page");
        Assert.InRange(RunnerSamples(answer).Count, 1, (Families * SamplesOfFamily) - 1);
    }

    private static ScrapedPages Assembler(RawRunner runner, RunnerScraper scraper) =>
        new(() => [runner.Snapshot], scraper, new MetricsSettings(), TimeProvider.System, NullLogger<PageAssembler>.Instance);

    private static async Task<PageReader> AssembleAsync(ScrapedPages pages, bool mayBeParted)
    {
        ScrapeDeadlines deadlines = ScrapeDeadlines.Of("60", TimeSpan.FromSeconds(60));
        var form = new PageForm(ContentNegotiation.Negotiate(accept: null), UseGzip: false, mayBeParted);
        return await pages.AssembleAsync(form, deadlines, TimeProvider.System.GetTimestamp(), Cancellation)
            ?? throw new InvalidOperationException("No page was made.");
    }

    private static Task<DaemonFixture> StartAsync(RawRunner runner) => DaemonFixture.StartAsync(new DaemonSetup
    {
        Configuration = $$"""
            { "metrics": { "timeout": "10s" }, "runners": [ { "backend": "llama.cpp", "model": "m1", "mode": "completion", "endpoint": "unix:{{runner.SocketPath}}" } ] }
            """,
    });

    private static async Task<Socket> ConnectAsync(DaemonFixture daemon)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(daemon.SocketPath), Cancellation);
        return socket;
    }

    private static async Task<string> ReadToEndAsync(Socket socket)
    {
        using var answer = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        try
        {
            int count;
            while ((count = await socket.ReceiveAsync(buffer, Cancellation)) > 0)
                answer.Write(buffer, 0, count);
        }
        catch (SocketException)
        {
            // The daemon cut it.
        }

        return Encoding.UTF8.GetString(answer.ToArray());
    }

    private static async Task<List<string>> PartsOfAsync(PageReader page)
    {
        List<string> parts = [];
        while (await page.NextAsync(Cancellation) is { } part)
            parts.Add(TextOf(part.Bytes));
        return parts;
    }

    private static string TextOf(SegmentedBuffer part)
    {
        using var copy = new MemoryStream();
        part.CopyTo(copy);
        return Encoding.UTF8.GetString(copy.ToArray());
    }

    private static List<string> RunnerSamples(string page) =>
        [.. page.Split('\n').Where(static line => line.StartsWith('f') && line.EndsWith("} 1", StringComparison.Ordinal))];
}
