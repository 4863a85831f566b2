using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ModelRunner.ScrapeBenchmark;

namespace ModelRunner.PullBenchmark;

/// <summary>Debian's <c>docker-registry</c> with one model. Disposing ends it.</summary>
internal sealed class RegistryServer : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private readonly Process _process;

    private RegistryServer(Process process, string host) => (_process, Host) = (process, host);

    /// <summary>Host and port.</summary>
    public string Host { get; }

    /// <summary>Starts it and returns once it has the model.</summary>
    /// <exception cref="BenchmarkException">It ended, or does not respond.</exception>
    public static async Task<RegistryServer> StartAsync(string program, string folder, SparseModel model, CancellationToken cancellation)
    {
        string host = $"127.0.0.1:{FindPort()}";
        string file = Path.Join(folder, "registry.yml");
        await File.WriteAllTextAsync(
            file,
            $"""
            version: 0.1
            log:
              level: error
              accesslog:
                disabled: true
            storage:
              filesystem:
                rootdirectory: "{folder}"
            http:
              addr: "{host}"
            """,
            cancellation);
        var start = new ProcessStartInfo(program, ["serve", file]) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false };
        var server = new RegistryServer(Process.Start(start)!, host);
        _ = server._process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        _ = server._process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await server.WaitAsync(model, cancellation);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The address of the file of weights.</summary>
    public Uri AddressOf(SparseModel model) => new($"http://{Host}/v2/{SparseModel.Repository}/blobs/{model.Weights}");

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private static int FindPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task WaitAsync(SparseModel model, CancellationToken cancellation)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        long started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < StartLimit && !_process.HasExited)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Head, AddressOf(model));
                using HttpResponseMessage response = await client.SendAsync(request, cancellation);
                response.EnsureSuccessStatusCode();
                return;
            }
            catch (HttpRequestException failure) when (failure.StatusCode is null)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), cancellation);
            }
        }

        throw new BenchmarkException($"docker-registry does not respond on {Host}");
    }
}
