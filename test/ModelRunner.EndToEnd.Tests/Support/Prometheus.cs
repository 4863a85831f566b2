using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using ModelRunner.Exposition.Tests.Support;

namespace ModelRunner.EndToEnd.Tests.Support;

/// <summary>A real Prometheus with one target. It listens on a loopback port of its own choice and keeps its data in a temporary folder.</summary>
internal sealed partial class Prometheus : IAsyncDisposable
{
    private readonly Daemon.Tests.TemporaryFolder _folder = new();
    private readonly HttpClient _client = new();
    private Process? _process;

    private Prometheus()
    {
    }

    /// <summary>Starts it and returns once it listens.</summary>
    public static async Task<Prometheus> StartAsync(Uri target, CancellationToken cancellation)
    {
        var prometheus = new Prometheus();
        try
        {
            await prometheus.StartProcessAsync(ExternalTool.Require("prometheus"), target, cancellation);
            return prometheus;
        }
        catch
        {
            await prometheus.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks for a query's result until it is there and accepted, and returns it.</summary>
    public async Task<JsonElement[]> QueryAsync(string query, Func<JsonElement[], bool> accept, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (true)
        {
            using HttpResponseMessage response =
                await _client.GetAsync(new Uri($"api/v1/query?query={Uri.EscapeDataString(query)}", UriKind.Relative), cancellation);

            // It listens before its storage is open, and says 503 until then.
            if (response.StatusCode != HttpStatusCode.ServiceUnavailable)
            {
                response.EnsureSuccessStatusCode();
                using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancellation));
                JsonElement[] result = [.. document.RootElement.Clone().GetProperty("data").GetProperty("result").EnumerateArray()];
                if (accept(result))
                    return result;
            }

            await timer.WaitForNextTickAsync(cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
            _process.Kill(entireProcessTree: true);
        if (_process is not null)
            await _process.WaitForExitAsync(CancellationToken.None);
        _process?.Dispose();
        _client.Dispose();
        _folder.Dispose();
    }

    private async Task StartProcessAsync(string program, Uri target, CancellationToken cancellation)
    {
        string configuration = _folder.Write("prometheus.yml", $$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s }
            scrape_configs:
              - job_name: model-runner
                static_configs: [ { targets: ['{{target.Authority}}'] } ]
            """);
        _process = Process.Start(new ProcessStartInfo(
            program, [$"--config.file={configuration}", $"--storage.tsdb.path={_folder.Path}/data", "--web.listen-address=127.0.0.1:0"])
        {
            RedirectStandardError = true, UseShellExecute = false,
        })!;
        while (await _process.StandardError.ReadLineAsync(cancellation) is { } line)
        {
            if (ListeningLine().Match(line) is not { Success: true } match)
                continue;
            _client.BaseAddress = new Uri($"http://{match.Groups["address"].Value}/");
            // The pipe must be drained for as long as the process lives.
            _ = _process.StandardError.ReadToEndAsync(CancellationToken.None);
            return;
        }

        Assert.Fail("Prometheus ended before it listened.");
    }

    [GeneratedRegex(@"msg=""?Listening on""? address=(?<address>[0-9.]+:[0-9]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ListeningLine();
}
