using System.Globalization;
using System.Text;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Exposition.Tests.Support;

/// <summary>A real Prometheus that scrapes given pages.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private const string TextType = "text/plain; version=0.0.4; charset=utf-8";
    private const string OpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    private const string Utf8TextType = "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8";
    private const string Utf8OpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8";

    private readonly PageServer _pages;
    private readonly string[] _names;
    private PrometheusProcess? _prometheus;

    private PrometheusServer(IReadOnlyDictionary<string, byte[]> pages)
    {
        _names = [.. pages.Keys];
        _pages = new PageServer(_names.Select(name => (pages[name], TypeOf(name))));
    }

    /// <summary>Starts it.</summary>
    /// <param name="pages">The pages; those whose names end in <c>.om</c> are OpenMetrics, and those with <c>.utf8</c> before it have names in UTF-8.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="version">The major version of Prometheus.</param>
    public static async Task<PrometheusServer> StartAsync(IReadOnlyDictionary<string, byte[]> pages, CancellationToken cancellation, int version = 2)
    {
        var server = new PrometheusServer(pages);
        try
        {
            server._prometheus = await PrometheusProcess.StartAsync(server.Configuration(), cancellation, version);
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
            var targets = await _prometheus!.GetAsync("api/v1/targets?state=active", cancellation);
            var active = targets.GetProperty("activeTargets").EnumerateArray().ToArray();
            if (active.Length == _names.Length && active.All(HasVerdict))
                return await OutcomesAsync(active, cancellation);
            await Task.Delay(50, cancellation);
        }
    }

    private static string TypeOf(string name) => (name.Contains(".utf8.", StringComparison.Ordinal), name.EndsWith(".om", StringComparison.Ordinal)) switch
    {
        (true, true) => Utf8OpenMetricsType,
        (true, false) => Utf8TextType,
        (false, true) => OpenMetricsType,
        _ => TextType,
    };

    private static bool HasVerdict(JsonElement target) => target.GetProperty("health").GetString() switch
    {
        "up" => true,
        "down" => !target.GetProperty("lastError").GetString()!.Contains("deadline exceeded", StringComparison.Ordinal),
        _ => false,
    };

    public async ValueTask DisposeAsync()
    {
        if (_prometheus is not null)
            await _prometheus.DisposeAsync();
        await _pages.DisposeAsync();
    }

    private async Task<Dictionary<string, ScrapeOutcome>> OutcomesAsync(JsonElement[] active, CancellationToken cancellation)
    {
        var counts = new Dictionary<string, int>();
        // The count is stored right behind the samples, an instant after the target is known to be healthy.
        while (counts.Count < _names.Length)
        {
            var result = (await _prometheus!.GetAsync("api/v1/query?query=scrape_samples_post_metric_relabeling", cancellation)).GetProperty("result");
            counts = result.EnumerateArray().ToDictionary(
                series => series.GetProperty("metric").GetProperty("page").GetString()!,
                series => int.Parse(series.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture));
            if (counts.Count < _names.Length)
                await Task.Delay(50, cancellation);
        }

        return active.ToDictionary(target => _names[Page(target)], target => new ScrapeOutcome(
            target.GetProperty("lastError").GetString()!, counts[Page(target).ToString(CultureInfo.InvariantCulture)]));
    }

    private static int Page(JsonElement target) => int.Parse(target.GetProperty("labels").GetProperty("page").GetString()!, CultureInfo.InvariantCulture);

    private string Configuration()
    {
        var text = new StringBuilder("global:\n  scrape_interval: 3s\n  scrape_timeout: 3s\nscrape_configs:\n- job_name: pages\n  static_configs:\n");
        for (var page = 0; page < _names.Length; page++)
            text.Append(CultureInfo.InvariantCulture, $"  - targets: ['{_pages.Address}']\n    labels: {{ __metrics_path__: '/{page}', page: '{page}' }}\n");
        return text.ToString();
    }
}
