using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Exposition;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>Clients that read a page of several megabytes slowly, or not at all, over a real socket.</summary>
public sealed class SlowClientTests
{
    private const int PieceBytes = 32 * 1024;
    private static readonly TimeSpan Timeout = TimeSpan.FromHours(1);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BetweenPieces = TimeSpan.FromSeconds(1);
    private static readonly string Body = string.Concat(Enumerable.Range(0, 60).Select(static family =>
        string.Concat(Enumerable.Range(0, 600).Select(sample => $"f{family:D2}{{queue=\"a queue with a name of its own {sample}\"}} 1\n"))));

    private readonly TaskCompletionSource<PageReader> _reader = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_that_reads_slowly_but_steadily_gets_all_of_a_large_page()
    {
        await using RawRunner runner = RawRunner.WithPage(1, Body);
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider();
        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);
        using ScrapedPages pages = PagesOf(runner, scraper, time);
        await using WebApplication server = await ServeAsync(folder, pages, time);
        using Socket client = await AskAsync(folder);

        // The time between two pieces is shorter than the timeout without progress, and between 256 KiB it is longer. Only a sender that waits
        // for its client advances the clock, because the machine may be slow.
        PageReader reader = await _reader.Task;
        using var page = new MemoryStream();
        byte[] piece = new byte[PieceBytes];
        while (!EndsWhole(page))
        {
            int count = await client.ReceiveAsync(piece, Cancellation);
            Assert.NotEqual(0, count);
            page.Write(piece, 0, count);
            await DaemonFixture.WaitUntilAsync(() => Task.FromResult(reader.Idle is not null || _sent.Task.IsCompleted), DaemonFixture.Patience);
            for (TimeSpan gone = TimeSpan.Zero; gone < BetweenPieces; gone += SendTimeout.PollInterval)
                time.Advance(SendTimeout.PollInterval);
        }

        Assert.InRange(page.Length, Body.Length, long.MaxValue);
    }

    [Fact]
    public async Task A_client_that_reads_nothing_of_a_large_page_is_aborted()
    {
        await using RawRunner runner = RawRunner.WithPage(1, Body);
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider();
        using var scraper = new RunnerScraper(new MetricsSettings(), TimeProvider.System);
        using ScrapedPages pages = PagesOf(runner, scraper, time);
        await using WebApplication server = await ServeAsync(folder, pages, time);
        using Socket client = await AskAsync(folder);
        byte[] piece = new byte[PieceBytes];
        Assert.NotEqual(0, await client.ReceiveAsync(piece, Cancellation));

        int looks = 0;
        await DaemonFixture.WaitUntilAsync(
            () =>
            {
                looks++;
                time.Advance(SendTimeout.PollInterval);
                return Task.FromResult(HangUp.IsSeen(client));
            },
            DaemonFixture.Patience);

        Assert.InRange(looks * SendTimeout.PollInterval, Patience, Timeout / 2);
    }

    private static ScrapedPages PagesOf(RawRunner runner, RunnerScraper scraper, TimeProvider time) =>
        new(() => [runner.Snapshot], scraper, new MetricsSettings(), time, NullLogger<PageAssembler>.Instance);

    private async Task<WebApplication> ServeAsync(TemporaryFolder folder, ScrapedPages pages, TimeProvider time)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(SocketPath(folder)));
        WebApplication server = builder.Build();
        var sender = new PageSender(time);
        var form = new PageForm(ContentNegotiation.Negotiate(accept: null), UseGzip: false, MayBeParted: true);
        var deadlines = new ScrapeDeadlines(Runners: Timeout, FirstByte: Timeout, LastByte: Timeout, Patience);
        server.MapGet("/metrics", async context =>
        {
            using PageReader? page = await pages.AssembleAsync(form, deadlines, time.GetTimestamp(), Cancellation);
            _reader.SetResult(page!);
            await sender.SendAsync(context, page!, Timeout, Patience);
            _sent.SetResult();
        });
        await server.StartAsync(Cancellation);
        return server;
    }

    private static async Task<Socket> AskAsync(TemporaryFolder folder)
    {
        var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await client.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath(folder)), Cancellation);
        await client.SendAsync("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), Cancellation);
        return client;
    }

    private static string SocketPath(TemporaryFolder folder) => Path.Join(folder.Path, "s.sock");

    // The last chunk.
    private static bool EndsWhole(MemoryStream page) => page.GetBuffer().AsSpan(0, (int)page.Length).EndsWith("\r\n0\r\n\r\n"u8);
}
