using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ModelRunner.Exposition.Tests.Support;

/// <summary>
/// A real Prometheus with a configuration of the test's. It listens on a loopback port of its own choice and keeps its data in a temporary
/// folder, which goes with it.
/// </summary>
internal sealed partial class PrometheusProcess : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("prometheus-test-").FullName;
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(20) };
    private Process? _process;

    private PrometheusProcess()
    {
    }

    /// <summary>Starts it and returns once it listens.</summary>
    /// <param name="configuration">The text of <c>prometheus.yml</c>.</param>
    /// <param name="cancellation">Gives up.</param>
    public static async Task<PrometheusProcess> StartAsync(string configuration, CancellationToken cancellation)
    {
        var program = ExternalTool.Require("prometheus");
        var prometheus = new PrometheusProcess();
        try
        {
            await prometheus.ListenAsync(program, configuration, cancellation);
            return prometheus;
        }
        catch
        {
            await prometheus.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks its API and returns the data of the answer.</summary>
    public async Task<JsonElement> GetAsync(string path, CancellationToken cancellation)
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

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
            _process.Kill(entireProcessTree: true);
        if (_process is not null)
            await _process.WaitForExitAsync(CancellationToken.None);
        _process?.Dispose();
        _client.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task ListenAsync(string program, string configuration, CancellationToken cancellation)
    {
        var file = Path.Combine(_folder, "prometheus.yml");
        await File.WriteAllTextAsync(file, configuration, cancellation);
        string[] arguments = [$"--config.file={file}", $"--storage.tsdb.path={_folder}/data", "--web.listen-address=127.0.0.1:0"];
        _process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })
            ?? throw new InvalidOperationException("Prometheus did not start.");
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

    [GeneratedRegex(@"msg=""?Listening on""? address=(?<address>[0-9.]+:[0-9]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ListeningLine();
}
