using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ModelRunner.Exposition.Tests.Support;

/// <summary>A real Prometheus that scrapes given pages. It listens on a loopback port of its own choice and keeps its data in a temporary folder.</summary>
internal sealed partial class PrometheusServer : IAsyncDisposable
{
    private const string TextType = "text/plain; version=0.0.4; charset=utf-8";
    private const string OpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    private readonly string _folder = Directory.CreateTempSubdirectory("prometheus-test-").FullName;
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(20) };
    private readonly PageServer _pages;
    private readonly string[] _names;
    private Process? _process;

    private PrometheusServer(IReadOnlyDictionary<string, byte[]> pages)
    {
        _names = [.. pages.Keys];
        _pages = new PageServer(_names.Select(name => (pages[name], name.EndsWith(".om", StringComparison.Ordinal) ? OpenMetricsType : TextType)));
    }

    /// <summary>Starts it.</summary>
    /// <param name="pages">The pages; those whose names end in <c>.om</c> are OpenMetrics.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<PrometheusServer> StartAsync(IReadOnlyDictionary<string, byte[]> pages, CancellationToken cancellation)
    {
        var program = ExternalTool.Require("prometheus");
        var server = new PrometheusServer(pages);
        try
        {
            await server.StartProcessAsync(program, cancellation);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits until every page has a verdict. A scrape that was too slow, as on a busy machine, is none.</summary>
    /// <returns>The outcome by the name of the page.</returns>
    public async Task<IReadOnlyDictionary<string, ScrapeOutcome>> ScrapeAllAsync(CancellationToken cancellation)
    {
        while (true)
        {
            var targets = await GetAsync("api/v1/targets?state=active", cancellation);
            var active = targets.GetProperty("activeTargets").EnumerateArray().ToArray();
            if (active.Length == _names.Length && active.All(HasVerdict))
                return await OutcomesAsync(active, cancellation);
            await Task.Delay(50, cancellation);
        }
    }

    private static bool HasVerdict(JsonElement target) => target.GetProperty("health").GetString() switch
    {
        "up" => true,
        "down" => !target.GetProperty("lastError").GetString()!.Contains("deadline exceeded", StringComparison.Ordinal),
        _ => false,
    };

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
            _process.Kill(entireProcessTree: true);
        if (_process is not null)
            await _process.WaitForExitAsync(CancellationToken.None);
        _process?.Dispose();
        _client.Dispose();
        await _pages.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<Dictionary<string, ScrapeOutcome>> OutcomesAsync(JsonElement[] active, CancellationToken cancellation)
    {
        var counts = new Dictionary<string, int>();
        // The count is stored right behind the samples, an instant after the target is known to be healthy.
        while (counts.Count < _names.Length)
        {
            var result = (await GetAsync("api/v1/query?query=scrape_samples_post_metric_relabeling", cancellation)).GetProperty("result");
            counts = result.EnumerateArray().ToDictionary(
                series => series.GetProperty("metric").GetProperty("page").GetString()!,
                series => int.Parse(series.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture));
        }

        return active.ToDictionary(target => _names[Page(target)], target => new ScrapeOutcome(
            target.GetProperty("lastError").GetString()!, counts[Page(target).ToString(CultureInfo.InvariantCulture)]));
    }

    private static int Page(JsonElement target) => int.Parse(target.GetProperty("labels").GetProperty("page").GetString()!, CultureInfo.InvariantCulture);

    private async Task<JsonElement> GetAsync(string path, CancellationToken cancellation)
    {
        while (true)
        {
            using var response = await _client.GetAsync(new Uri(path, UriKind.Relative), cancellation);
            if (response.StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                // It listens before its storage is open, and says so until then.
                await Task.Delay(50, cancellation);
                continue;
            }

            response.EnsureSuccessStatusCode();
            using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellation));
            return document.RootElement.GetProperty("data").Clone();
        }
    }

    private async Task StartProcessAsync(string program, CancellationToken cancellation)
    {
        var configuration = Path.Combine(_folder, "prometheus.yml");
        await File.WriteAllTextAsync(configuration, Configuration(), cancellation);
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in new[] { $"--config.file={configuration}", $"--storage.tsdb.path={_folder}/data", "--web.listen-address=127.0.0.1:0" })
            start.ArgumentList.Add(argument);
        _process = Process.Start(start) ?? throw new InvalidOperationException("Prometheus did not start.");
        var log = new StringBuilder();
        while (await _process.StandardError.ReadLineAsync(cancellation) is { } line)
        {
            log.Append(line).Append('\n');
            if (ListeningLine().Match(line) is not { Success: true } match)
                continue;
            _client.BaseAddress = new Uri($"http://{match.Groups["address"].Value}/");
            // The pipe must be drained for as long as the process lives.
            _ = _process.StandardError.ReadToEndAsync(CancellationToken.None);
            return;
        }

        Assert.Fail($"Prometheus ended before it listened:\n{log}");
    }

    private string Configuration()
    {
        var text = new StringBuilder("global:\n  scrape_interval: 3s\n  scrape_timeout: 3s\nscrape_configs:\n- job_name: pages\n  static_configs:\n");
        for (var page = 0; page < _names.Length; page++)
            text.Append(CultureInfo.InvariantCulture, $"  - targets: ['{_pages.Address}']\n    labels: {{ __metrics_path__: '/{page}', page: '{page}' }}\n");
        return text.ToString();
    }

    [GeneratedRegex(@"msg=""?Listening on""? address=(?<address>[0-9.]+:[0-9]+)")]
    private static partial Regex ListeningLine();
}
