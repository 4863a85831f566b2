using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using ModelRunner.Daemon.Tests.Scraping;
using ModelRunner.Testing;
using static ModelRunner.Daemon.Tests.Metrics.CaseDaemon;

namespace ModelRunner.Daemon.Tests.Metrics;

/// <summary>Reports about unlimited growth, as cases against the whole daemon.</summary>
public sealed class SizeCases
{
    private const long Megabyte = 1024 * 1024;
    private const int Requests = 10_000;
    private static readonly ParallelOptions AtOnce = new() { MaxDegreeOfParallelism = 16, CancellationToken = TestContext.Current.CancellationToken };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SIZ_01_Unknown_models_add_no_series_and_no_memory()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await AskForUnknownModelsAsync(daemon, 0, Requests / 10);
        string before = await SecondPageAsync(daemon);

        await AskForUnknownModelsAsync(daemon, Requests / 10, Requests);

        string after = await PageAsync(daemon);
        Assert.Equal(SeriesOf(before), SeriesOf(after));
        Assert.InRange(MemoryOf(after), 0, MemoryOf(before) + (64 * Megabyte));
    }

    [Fact]
    public async Task SIZ_02_Eight_endless_bodies_affect_only_their_runners_and_use_limited_memory()
    {
        const int Endless = 8;
        byte[] head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"u8.ToArray();
        byte[] lines = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 4000).Select(static i => $"rt:u{{k=\"{i}\"}} {i}\n")));
        RawRunner[] runners =
        [
            .. Enumerable.Range(1, Endless).Select(id => new RawRunner(id, async (stream, ending) =>
            {
                await stream.WriteAsync(head, ending);
                while (!ending.IsCancellationRequested)
                    await stream.WriteAsync(lines, ending);
                return false;
            })),
            RawRunner.WithPage(Endless + 1, "rt:units_total 5\n"),
        ];
        await using (DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = Attach(runners) }))
        {
            string page = "";
            for (int scrape = 0; scrape < 3; scrape++)
                page = await PageAsync(daemon);

            Assert.Equal(["rt:units_total{backend=\"llama.cpp\",model=\"m9:latest\",mode=\"completion\"} 5"], SamplesOfA(page));
            for (int id = 1; id <= Endless; id++)
            {
                string labels = $"backend=\"llama.cpp\",model=\"m{id}:latest\",mode=\"completion\",reason=\"too_large\"";
                Assert.Contains($"\nmodel_runner_down_info{{{labels}}} 1\n", page, StringComparison.Ordinal);
                Assert.Contains($"\nmodel_runner_scrape_failures_total{{{labels}}} 3\n", page, StringComparison.Ordinal);
            }

            // Each may use its limit of 16 MiB, and half of that again for the smaller array that it replaced.
            Assert.InRange(MemoryOf(page), 0, (Endless * 24 * Megabyte) + (256 * Megabyte));
        }

        foreach (RawRunner runner in runners)
            await runner.DisposeAsync();
    }

    [Fact]
    public async Task SIZ_06_Unknown_paths_and_methods_add_no_series()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        string before = await SecondPageAsync(daemon);
        var statuses = new ConcurrentDictionary<HttpStatusCode, int>();

        await Parallel.ForAsync(0, Requests, AtOnce, async (i, cancellation) =>
        {
            using var request = new HttpRequestMessage(new HttpMethod((i % 4) switch { 0 => "GETT", 1 => "POST", 2 => "GET", _ => "BREW" }), $"metricsls/{i}");
            using HttpResponseMessage response = await daemon.Client.SendAsync(request, cancellation);
            statuses.AddOrUpdate(response.StatusCode, 1, static (_, count) => count + 1);
        });

        Assert.Equal([new(HttpStatusCode.NotFound, Requests)], statuses);
        Assert.Equal(SeriesOf(before), SeriesOf(await PageAsync(daemon)));
    }

    // The first page has no duration of the page before it.
    private static async Task<string> SecondPageAsync(DaemonFixture daemon)
    {
        await PageAsync(daemon);
        return await PageAsync(daemon);
    }

    private static Task AskForUnknownModelsAsync(DaemonFixture daemon, int from, int to) => Parallel.ForAsync(from, to, AtOnce, async (i, _) =>
        Assert.Equal(404, (await daemon.PostAsync("v1/chat/completions", $$"""{"model":"unknown-{{i}}","messages":[]}""")).Status));

    private static string Attach(RawRunner[] runners) => $$"""
        { "metrics": { "minInterval": "0s", "timeout": "60s" }, "runners": [ {{string.Join(", ", runners.Select(static (runner, i) =>
            $$"""{ "backend": "llama.cpp", "model": "m{{i + 1}}", "mode": "completion", "endpoint": "unix:{{runner.SocketPath}}" }"""))}} ] }
        """;

    private static Task<string> PageAsync(DaemonFixture daemon) =>
        daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);

    private static string[] SeriesOf(string page) =>
    [
        .. page.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static line => !line.StartsWith('#')).Select(static line => line[..line.LastIndexOf(' ')]),
    ];

    private static long MemoryOf(string page)
    {
        const string Name = "model_runner_process_resident_memory_bytes ";
        return long.Parse(Assert.Single(page.Split('\n'), static line => line.StartsWith(Name, StringComparison.Ordinal))[Name.Length..], CultureInfo.InvariantCulture);
    }
}
