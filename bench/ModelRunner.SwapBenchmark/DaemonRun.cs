using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace ModelRunner.SwapBenchmark;

/// <summary>A daemon with three models, of which two fit, and runners that load slowly. Disposing ends it and removes its folder.</summary>
internal sealed class DaemonRun : IAsyncDisposable
{
    /// <summary>The number of models: m0, m1 and so on.</summary>
    public const int Models = 3;

    /// <summary>The route of requests.</summary>
    public static readonly Uri Completions = new("v1/chat/completions", UriKind.Relative);

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly string _folder;
    private readonly int _tokens;

    private DaemonRun(Process process, string folder, int tokens)
    {
        (_process, _folder, _tokens) = (process, folder, tokens);
        string socket = Path.Join(folder, "d.sock");
        Client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellation) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancellation);
                return new NetworkStream(connection, ownsSocket: true);
            },
        })
        { BaseAddress = new Uri("http://localhost/"), Timeout = Timeout.InfiniteTimeSpan };
    }

    public HttpClient Client { get; }

    /// <summary>Starts a daemon and waits until it responds.</summary>
    /// <param name="daemon">The path of model-runner.</param>
    /// <param name="engine">What runs the models.</param>
    /// <param name="limits">The members of the section limits.</param>
    /// <param name="cancellation">Ends the start.</param>
    public static async Task<DaemonRun> StartAsync(
        string daemon, BenchmarkEngine engine, string limits, CancellationToken cancellation)
    {
        string folder = Directory.CreateTempSubdirectory("swap-benchmark-").FullName;
        string models = Directory.CreateDirectory(Path.Join(folder, "models")).FullName;
        string[] paths = [.. Enumerable.Range(0, Models).Select(i => Path.Join(models, string.Create(CultureInfo.InvariantCulture, $"m{i}.gguf")))];
        string source = Path.Join(Path.GetDirectoryName(Path.GetFullPath(daemon)), "models", "tiny-chat.gguf");
        foreach (string path in paths)
            File.Copy(source, path);
        string program = await engine.PrepareAsync(folder, paths, cancellation);
        await File.WriteAllTextAsync(
            Path.Join(folder, "model-runner.json"), $$$"""{"llamaArgs":"--threads 1","limits":{{{{limits}}}}}""", cancellation);
        var start = new ProcessStartInfo(Path.GetFullPath(daemon), ["serve", "--socket", "d.sock", "--models-path", models, "--state-path", "none"])
        {
            WorkingDirectory = folder, UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true, Environment = { ["LLAMA_SERVER_PATH"] = program },
        };
        var run = new DaemonRun(Process.Start(start)!, folder, engine.Tokens);
        _ = run._process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        _ = run._process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await run.WaitAsync(cancellation);
            return run;
        }
        catch
        {
            await run.DisposeAsync();
            throw;
        }
    }

    /// <summary>The number of loads so far that succeeded.</summary>
    public async Task<int> CountLoadsAsync(CancellationToken cancellation)
    {
        string page = await Client.GetStringAsync(new Uri("metrics", UriKind.Relative), cancellation);
        return page.Split('\n')
            .Where(static line => line.StartsWith("model_runner_loads_total{", StringComparison.Ordinal) && line.Contains("\"loaded\"", StringComparison.Ordinal))
            .Sum(static line => int.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
    }

    /// <summary>The bytes that the daemon reserves for each model that is loaded.</summary>
    public async Task<IReadOnlyList<long>> ReadEstimatesAsync(CancellationToken cancellation)
    {
        string runners = await Client.GetStringAsync(new Uri("engines/ps", UriKind.Relative), cancellation);
        using var document = JsonDocument.Parse(runners);

        // A model that only waits for its room has no such member.
        return
        [
            .. document.RootElement.EnumerateArray()
                .Select(static runner => runner.TryGetProperty("memory_estimate_bytes", out JsonElement reserved) ? reserved.GetInt64() : (long?)null).OfType<long>(),
        ];
    }

    /// <summary>The body of a request.</summary>
    public StringContent MakeRequest(int model) => new(
        string.Create(CultureInfo.InvariantCulture, $$"""{"model":"m{{model}}","messages":[{"role":"user","content":"one two"}],"max_tokens":{{_tokens}}}"""),
        Encoding.UTF8, "application/json");

    /// <summary>Unloads a model, and returns when its runner has ended.</summary>
    public async Task UnloadAsync(int model, CancellationToken cancellation)
    {
        string body = string.Create(CultureInfo.InvariantCulture, $$"""{"models":["m{{model}}"]}""");
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await Client.PostAsync(new Uri("engines/unload", UriKind.Relative), content, cancellation);
        response.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
        {
            // SIGTERM lets it stop its runners; a killed daemon's runners end too.
            using var term = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
            using var limit = new CancellationTokenSource(StartLimit);
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill();
            }
        }

        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task WaitAsync(CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(StartLimit);
        while (true)
        {
            try
            {
                using HttpResponseMessage response = await Client.GetAsync(new Uri("health", UriKind.Relative), limit.Token);
                return;
            }
            catch (HttpRequestException) when (!_process.HasExited)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), limit.Token);
            }
        }
    }
}
