using System.Diagnostics;
using System.Globalization;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Checks;

/// <summary>A daemon on both transports with stubs attached: m0, m1 and so on.</summary>
internal sealed class StubBed : IAsyncDisposable
{
    private readonly HttpClient _tcp;

    private StubBed(DaemonFixture daemon, StubProcess[] stubs)
    {
        (Daemon, Stubs) = (daemon, stubs);
        _tcp = new HttpClient { BaseAddress = daemon.TcpAddress, Timeout = DaemonFixture.Patience };
    }

    public DaemonFixture Daemon { get; }

    public StubProcess[] Stubs { get; }

    /// <summary>The processes beside this one.</summary>
    public IReadOnlyList<int> Processes => [Daemon.ProcessId, .. Stubs.Where(static stub => !stub.HasExited).Select(static stub => stub.ProcessId)];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Starts them.</summary>
    /// <param name="count">So many stubs.</param>
    /// <param name="metrics">The members of the section metrics.</param>
    public static async Task<StubBed> StartAsync(int count, string metrics = "\"minInterval\": \"0s\"")
    {
        StubProcess[] stubs = await Task.WhenAll(Enumerable.Range(0, count).Select(static i => StubProcess.StartAsync(null, "--alias", $"m{i}:latest")));
        string attached = string.Join(", ", stubs.Select(static (stub, i) =>
            $$"""{ "backend": "vllm", "model": "m{{i}}", "mode": "completion", "endpoint": "unix:{{stub.SocketPath}}" }"""));
        DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true, Configuration = $$"""{ "metrics": { {{metrics}} }, "runners": [ {{attached}} ] }""",
        });
        var bed = new StubBed(daemon, stubs);

        // The first page includes just-in-time compilation, which the published program does not have.
        foreach (bool isTcp in (bool[])[false, true])
            await bed.ScrapeAsync(isTcp, "30");
        return bed;
    }

    /// <summary>Talks to the daemon.</summary>
    public HttpClient Client(bool isTcp) => isTcp ? _tcp : Daemon.Client;

    /// <summary>Reads the page.</summary>
    /// <param name="isTcp">Over TCP or over the Unix socket.</param>
    /// <param name="timeouts">The values of the header with the scraper's timeout.</param>
    public async Task<(string Page, TimeSpan Time)> ScrapeAsync(bool isTcp, params string[] timeouts)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "metrics");
        if (timeouts.Length > 0)
            request.Headers.TryAddWithoutValidation("X-Prometheus-Scrape-Timeout-Seconds", timeouts);
        long started = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await Client(isTcp).SendAsync(request, Cancellation);
        string page = await response.Content.ReadAsStringAsync(Cancellation);
        TimeSpan time = Stopwatch.GetElapsedTime(started);
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {page}");
        return (page, time);
    }

    /// <summary>The labels of a runner, as they are on the page.</summary>
    public static string LabelsOf(int runner) => $"backend=\"vllm\",model=\"m{runner.ToString(CultureInfo.InvariantCulture)}:latest\",mode=\"completion\"";

    /// <summary>Asserts that the page has the series of a runner, or that it does not have them for this reason.</summary>
    public static void AssertRunner(string page, int runner, string? reason)
    {
        string labels = LabelsOf(runner);
        Assert.Contains($"\nmodel_runner_up{{{labels}}} {(reason is null ? 1 : 0)}\n", page, StringComparison.Ordinal);
        Assert.Equal(reason is null, page.Contains($"\nllamacpp:prompt_tokens_total{{{labels}}}", StringComparison.Ordinal));
        if (reason is not null)
            Assert.Contains($"\nmodel_runner_down_info{{{labels},reason=\"{reason}\"}} 1\n", page, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        _tcp.Dispose();
        try
        {
            await Daemon.DisposeAsync();
        }
        finally
        {
            foreach (StubProcess stub in Stubs)
                await stub.DisposeAsync();
        }
    }
}
