using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Support;

/// <summary>A real Prometheus with one target.</summary>
internal sealed class Prometheus : IAsyncDisposable
{
    private readonly PrometheusProcess _process;

    private Prometheus(PrometheusProcess process) => _process = process;

    /// <summary>Starts it and returns once it listens.</summary>
    public static async Task<Prometheus> StartAsync(Uri target, CancellationToken cancellation) =>
        new(await PrometheusProcess.StartAsync($$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s }
            scrape_configs:
              - job_name: model-runner
                static_configs: [ { targets: ['{{target.Authority}}'] } ]
            """, cancellation));

    /// <summary>Asks for a query's result until it is there and accepted, and returns it.</summary>
    public async Task<JsonElement[]> QueryAsync(string query, Func<JsonElement[], bool> accept, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            JsonElement data = await _process.GetAsync($"api/v1/query?query={Uri.EscapeDataString(query)}", cancellation);
            JsonElement[] result = [.. data.GetProperty("result").EnumerateArray()];
            if (accept(result))
                return result;
            await timer.WaitForNextTickAsync(cancellation);
        }
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();
}
