using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Api;
using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Exposition;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>The response to a scrape whose page does not fit into the memory budget.</summary>
public sealed class BusyMetricsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_scrape_without_memory_gets_an_error_that_the_command_line_can_show()
    {
        using var folder = new TemporaryFolder();
        string path = Path.Join(folder.Path, "s.sock");
        await using RawRunner runner = RawRunner.WithPage(1, "x 1\n");
        var settings = new MetricsSettings();
        using var scraper = new RunnerScraper(settings, TimeProvider.System);
        using var pages = new ScrapedPages(
            () => [runner.Snapshot], scraper, settings, TimeProvider.System, NullLogger<PageAssembler>.Instance, maxPageBytes: 1);
        await using WebApplication server = await ServeAsync(path, pages);

        // An unread page uses the whole budget.
        var form = new PageForm(ContentNegotiation.Negotiate("application/openmetrics-text; version=1.0.0"), UseGzip: false, MayBeParted: true);
        using PageReader? unread = await pages.AssembleAsync(
            form, ScrapeDeadlines.Of("60", TimeSpan.FromSeconds(60)), TimeProvider.System.GetTimestamp(), Cancellation);
        Assert.NotNull(unread);
        using HttpClient client = ClientOf(path);
        using var request = new HttpRequestMessage(HttpMethod.Get, "http://localhost/metrics");
        request.Headers.Add(ScrapeDeadlines.HeaderName, "0.5");
        using HttpResponseMessage response = await client.SendAsync(request, Cancellation);
        using JsonDocument error = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation));

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(TimeSpan.FromSeconds(1), response.Headers.RetryAfter?.Delta);
        Assert.Equal("too_many_pages", error.RootElement.GetProperty("error").GetProperty("code").GetString());
    }

    private static HttpClient ClientOf(string path) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    });

    private static async Task<WebApplication> ServeAsync(string path, ScrapedPages pages)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(path));
        WebApplication server = builder.Build();
        new MetricsEndpoint(pages.Scraper, pages.Assembler, () => TimeSpan.FromSeconds(5), TimeProvider.System).Map(server);
        await server.StartAsync(Cancellation);
        return server;
    }
}
