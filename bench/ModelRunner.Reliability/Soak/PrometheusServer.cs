using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using ModelRunner.ScrapeBenchmark;

namespace ModelRunner.Reliability.Soak;

/// <summary>A real Prometheus that scrapes a port every second.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly HttpClient _client;

    private PrometheusServer(Process process, Uri address) =>
        (_process, _client) = (process, new HttpClient { BaseAddress = address });

    /// <summary>Starts it and waits until it is ready.</summary>
    /// <param name="program">Its executable.</param>
    /// <param name="folder">For its files.</param>
    /// <param name="port">The port that it scrapes.</param>
    public static async Task<PrometheusServer> StartAsync(string program, string folder, int port)
    {
        string file = Path.Join(folder, "prometheus.yml");
        await File.WriteAllTextAsync(file, $$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s }
            scrape_configs: [ { job_name: daemon, static_configs: [ { targets: ["127.0.0.1:{{port}}"] } ] } ]
            """);
        int own = FreePort();
        var start = new ProcessStartInfo(
            program, [$"--config.file={file}", $"--storage.tsdb.path={folder}/prometheus", $"--web.listen-address=127.0.0.1:{own}", "--log.level=error"])
        {
            UseShellExecute = false, RedirectStandardError = true,
        };
        Process process = Process.Start(start)!;
        _ = process.StandardError.ReadToEndAsync();
        var server = new PrometheusServer(process, new Uri($"http://127.0.0.1:{own}/"));
        using var patience = new CancellationTokenSource(StartLimit);
        while (!await server.IsReadyAsync(patience.Token))
            await Task.Delay(TimeSpan.FromMilliseconds(100), patience.Token);
        return server;
    }

    /// <summary>The value of an expression that gives one; NaN: it gives none.</summary>
    public async Task<double> AskAsync(string expression)
    {
        string text = await _client.GetStringAsync(new Uri($"api/v1/query?query={Uri.EscapeDataString(expression)}", UriKind.Relative));
        using var document = JsonDocument.Parse(text);
        JsonElement result = document.RootElement.GetProperty("data").GetProperty("result");
        return result.GetArrayLength() == 0 ? double.NaN : double.Parse(result[0].GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture);
    }

    /// <summary>The sum of one of its own counters about samples that it dropped.</summary>
    public async Task<double> CountDroppedAsync()
    {
        string page = await _client.GetStringAsync(new Uri("metrics", UriKind.Relative));
        string[] names =
        [
            "prometheus_target_scrapes_sample_duplicate_timestamp_total", "prometheus_target_scrapes_sample_out_of_order_total",
            "prometheus_target_scrapes_sample_out_of_bounds_total", "prometheus_target_scrapes_exceeded_sample_limit_total",
        ];
        string[] lines = [.. page.Split('\n').Where(line => names.Any(name => line.StartsWith(name + " ", StringComparison.Ordinal)))];
        return lines.Length == names.Length
            ? lines.Sum(static line => double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture))
            : throw new BenchmarkException("Prometheus does not have the counters about dropped samples");
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private async Task<bool> IsReadyAsync(CancellationToken cancellation)
    {
        try
        {
            using HttpResponseMessage response = await _client.GetAsync(new Uri("-/ready", UriKind.Relative), cancellation);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException) when (!_process.HasExited)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
