using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using ModelRunner.Daemon.Configuration;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Daemon.Tests.Support;
using ModelRunner.Exposition;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>Pages that are too large to be held whole.</summary>
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
        using PageAssembler pages = Assembler(runner, scraper);

        using MetricsPage whole = await AssembleAsync(pages, mayBeParted: false);
        using MetricsPage parted = await AssembleAsync(pages, mayBeParted: true);
        Assert.True(whole.IsWhole);
        List<string> parts = await PartsOfAsync(parted);

        Assert.True(parts.Count > 3, $"{parts.Count} parts");
        Assert.Equal(RunnerSamples(TextOf(whole.First)), RunnerSamples(string.Concat(parts)));
        await Assert.ThrowsAsync<InvalidOperationException>(() => parted.WriteNextAsync(new ArrayBufferWriter<byte>(), Cancellation));
    }

    [Fact]
    public async Task While_a_part_is_sent_other_pages_are_made()
    {
        await using RawRunner runner = RawRunner.WithPage(1, LargePage);
        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);
        using PageAssembler pages = Assembler(runner, scraper);

        using MetricsPage slow = await AssembleAsync(pages, mayBeParted: true);
        using MetricsPage left = await AssembleAsync(pages, mayBeParted: true);
        left.Dispose();
        using MetricsPage quick = await AssembleAsync(pages, mayBeParted: false);
        List<string> parts = await PartsOfAsync(slow);

        Assert.Equal(RunnerSamples(TextOf(quick.First)), RunnerSamples(string.Concat(parts)));
    }

    [Fact]
    public async Task A_page_that_waits_to_be_read_costs_its_bodies_and_no_more_than_they()
    {
        await using RawRunner runner = RawRunner.WithPage(1, LargePage);
        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);
        using PageAssembler pages = Assembler(runner, scraper);

        using MetricsPage parted = await AssembleAsync(pages, mayBeParted: true);
        using MetricsPage whole = await AssembleAsync(pages, mayBeParted: false);

        Assert.Equal(LargePage.Length + parted.First.Length, parted.HeldBytes);
        Assert.InRange(parted.First.Length, 1024 * 1024, 1280 * 1024);
        Assert.Equal(whole.First.Length, whole.HeldBytes);
    }

    [Fact]
    public async Task What_slow_readers_hold_is_counted_until_they_leave()
    {
        await using RawRunner runner = RawRunner.WithPage(1, LargePage);
        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);
        using PageAssembler pages = Assembler(runner, scraper);
        using MetricsPage page = await AssembleAsync(pages, mayBeParted: true);
        var sender = new PageSender(TimeProvider.System);
        using var leaving = new CancellationTokenSource();

        // No more comes out of such a pipe than one byte at a time, and nobody takes it.
        HttpContext Reader() => new DefaultHttpContext
        {
            RequestAborted = leaving.Token,
            Response = { Body = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1)).Writer.AsStream() },
        };
        int enough = (int)((256L * 1024 * 1024 / page.HeldBytes) + 1);
        List<Task> sending = [.. Enumerable.Range(0, enough - 1).Select(_ => sender.SendAsync(Reader(), page, isPacked: false, TimeSpan.FromHours(1)))];
        Assert.False(sender.IsBusy);
        sending.Add(sender.SendAsync(Reader(), page, isPacked: false, TimeSpan.FromHours(1)));
        Assert.True(sender.IsBusy);

        await leaving.CancelAsync();

        foreach (Task task in sending)
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task);
        Assert.False(sender.IsBusy);
    }

    [Fact]
    public async Task Large_pages_are_few_at_a_time_and_small_ones_go_by()
    {
        await using RawRunner runner = RawRunner.WithPage(1, LargePage);
        await using RawRunner small = RawRunner.WithPage(2, "x 1\n");
        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);
        bool isLarge = true;
        using PageAssembler pages = new(
            () => [isLarge ? runner.Snapshot : small.Snapshot], scraper, new MetricsSettings(), TimeProvider.System, NullLogger<PageAssembler>.Instance);
        var held = new List<MetricsPage>();
        while (held.Count < MergeWorkspaces.MostLargePages)
            held.Add(await AssembleAsync(pages, mayBeParted: true));

        Task<MetricsPage> next = AssembleAsync(pages, mayBeParted: true);
        isLarge = false;
        using (MetricsPage quick = await AssembleAsync(pages, mayBeParted: true))
            Assert.True(quick.IsWhole);
        Assert.False(next.IsCompleted);
        held[0].Dispose();
        held.Add(await next);

        Assert.False(held[^1].IsWhole);
        held.ForEach(static page => page.Dispose());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_large_page_comes_in_chunks(bool isPacked)
    {
        await using RawRunner runner = RawRunner.WithPage(1, LargePage);
        await using DaemonFixture daemon = await StartAsync(runner);
        using var request = new HttpRequestMessage(HttpMethod.Get, "metrics");
        if (isPacked)
            request.Headers.Add("Accept-Encoding", "gzip");

        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);
        await using Stream body = await response.Content.ReadAsStreamAsync(Cancellation);
        using var reader = new StreamReader(isPacked ? new GZipStream(body, CompressionMode.Decompress) : body);

        Assert.Equal(Families * SamplesOfFamily, RunnerSamples(await reader.ReadToEndAsync(Cancellation)).Count);
        Assert.Equal(isPacked, response.Content.Headers.ContentEncoding.Contains("gzip"));
        Assert.True(response.Headers.TransferEncodingChunked);
    }

    [Fact]
    public async Task A_reader_that_cannot_tell_a_cut_page_gets_it_whole_and_with_its_length()
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
    [InlineData("GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Prometheus-Scrape-Timeout-Seconds: 0.5\r\n\r\n", false)]
    [InlineData("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", true)]
    public async Task A_page_that_is_cut_never_ends_like_a_whole_one(string request, bool endsItsSide)
    {
        await using RawRunner runner = RawRunner.WithPage(1, LargePage);
        await using DaemonFixture daemon = await StartAsync(runner);
        using Socket socket = await ConnectAsync(daemon);

        await socket.SendAsync(Encoding.ASCII.GetBytes(request), Cancellation);
        Assert.Equal(1, await socket.ReceiveAsync(new byte[1], Cancellation));
        if (endsItsSide)
            socket.Shutdown(SocketShutdown.Send);
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(HangUp.IsSeen(socket)), DaemonFixture.Patience);
        string answer = await ReadToEndAsync(socket);

        Assert.False(answer.EndsWith("\r\n0\r\n\r\n", StringComparison.Ordinal), "it ends like a whole page");
        Assert.InRange(RunnerSamples(answer).Count, 1, (Families * SamplesOfFamily) - 1);
    }

    private static PageAssembler Assembler(RawRunner runner, RunnerScraper scraper) =>
        new(() => [runner.Snapshot], scraper, new MetricsSettings(), TimeProvider.System, NullLogger<PageAssembler>.Instance);

    private static async Task<MetricsPage> AssembleAsync(PageAssembler pages, bool mayBeParted)
    {
        ScrapeDeadline deadline = ScrapeDeadline.Of("60", TimeSpan.FromSeconds(60));
        NegotiatedExposition text = ContentNegotiation.Negotiate(accept: null);
        MetricsPage? page = await pages.AssembleAsync(text, mayBeParted, deadline, TimeProvider.System.GetTimestamp(), Cancellation);
        return page ?? throw new InvalidOperationException("No page was made.");
    }

    private static Task<DaemonFixture> StartAsync(RawRunner runner) => DaemonFixture.StartAsync(new DaemonSetup
    {
        Configuration = $$"""
            { "runners": [ { "backend": "llama.cpp", "model": "m1", "mode": "completion", "endpoint": "unix:{{runner.SocketPath}}" } ] }
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

    private static async Task<List<string>> PartsOfAsync(MetricsPage page)
    {
        List<string> parts = [TextOf(page.First)];
        while (!page.IsWhole)
        {
            using var part = new SegmentedBuffer();
            await page.WriteNextAsync(part, Cancellation);
            parts.Add(TextOf(part));
        }

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
