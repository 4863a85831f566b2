using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace ModelRunner.Testing;

/// <summary>
/// A real Prometheus with a configuration of the test's. It listens on a loopback port of its own choice and keeps its data in a temporary
/// folder, which goes with it.
/// </summary>
internal sealed partial class PrometheusProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("prometheus-test-").FullName;
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(20) };
    private Process? _process;

    private PrometheusProcess()
    {
    }

    /// <summary>Starts it and returns once it listens.</summary>
    /// <param name="configuration">The text of <c>prometheus.yml</c>.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <param name="version">Its major version: 2 or 3.</param>
    /// <param name="flags">More flags.</param>
    public static async Task<PrometheusProcess> StartAsync(
        string configuration, CancellationToken cancellation, int version = 2, params IReadOnlyList<string> flags)
    {
        var program = version == 2 ? ExternalTool.Require("prometheus") : ExternalTool.RequireNamedBy($"PROMETHEUS{version}_PATH");
        var prometheus = new PrometheusProcess();
        try
        {
            await prometheus.ListenAsync(program, configuration, flags, cancellation);
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

    private async Task ListenAsync(string program, string configuration, IReadOnlyList<string> flags, CancellationToken cancellation)
    {
        var file = Path.Combine(_folder, "prometheus.yml");
        await File.WriteAllTextAsync(file, configuration, cancellation);
        string[] arguments = [$"--config.file={file}", $"--storage.tsdb.path={_folder}/data", "--web.listen-address=127.0.0.1:0", .. flags];
        _process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })
            ?? throw new InvalidOperationException("Prometheus did not start.");
        var log = new StringBuilder();

        // Prometheus goes on when it says something else than is looked for here, so the wait has an end of its own.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(StartPatience);
        try
        {
            await ReadAddressAsync(log, patience.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            Assert.Fail($"Prometheus did not say within {StartPatience} where it listens:\n{log}");
        }
    }

    private async Task ReadAddressAsync(StringBuilder log, CancellationToken cancellation)
    {
        while (await _process!.StandardError.ReadLineAsync(cancellation) is { } line)
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

    [GeneratedRegex(@"msg=""?Listening on""? (component=web )?address=(?<address>[0-9.]+:[0-9]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ListeningLine();
}
