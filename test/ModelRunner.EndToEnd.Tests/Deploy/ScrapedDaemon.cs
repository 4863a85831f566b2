using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using ModelRunner.Configuration;
using ModelRunner.EndToEnd.Tests.Support;
using ModelRunner.Testing;

namespace ModelRunner.EndToEnd.Tests.Deploy;

/// <summary>
/// A daemon with the demo models and two attached servers, scraped by Prometheus 2 and 3 with the shipped configuration, rules and a key. One model is
/// to be on a graphics card and is not. One attached server does not run, the other one writes an invalid line.
/// </summary>
internal sealed class ScrapedDaemon : IAsyncDisposable
{
    private const string Key = "key-of-prometheus";

    private readonly List<PrometheusProcess> _servers = [];
    private readonly TemporaryFolder _folder = new();

    private ScrapedDaemon(StubProcess stub, DaemonFixture daemon) => (Stub, Daemon) = (stub, daemon);

    public DaemonFixture Daemon { get; }

    /// <summary>Prometheus 2 and Prometheus 3.</summary>
    public IReadOnlyList<PrometheusProcess> Servers => _servers;

    private StubProcess Stub { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Starts everything and returns after both servers have read the page once, so that they see each series appear.</summary>
    public static async Task<ScrapedDaemon> StartAsync()
    {
        StubProcess stub = await StubProcess.StartAsync();
        using var page = new StringContent("odd_series 1\nodd line\n", Encoding.UTF8, "text/plain");
        using HttpResponseMessage set = await stub.Client.PostAsync(new Uri("stub/metrics", UriKind.Relative), page, Cancellation);
        set.EnsureSuccessStatusCode();
        var scraped = new ScrapedDaemon(stub, await DemoDaemon.StartAsync(RealLlamaServer.Require(), new DaemonSetup
        {
            Configuration = $$"""
                {
                  "keys": { "prometheus": { "sha256": "{{KeyDigest.Of(Key)}}", "scopes": ["metrics"] } },
                  "limits": { "memory": "2GiB" },
                  "models": { "tiny-embed": { "args": ["-ngl", "99", "--device", "none"] } },
                  "runners": [
                    { "backend": "llama.cpp", "model": "odd:latest", "mode": "completion", "endpoint": "unix:{{stub.SocketPath}}" },
                    { "backend": "llama.cpp", "model": "down:latest", "mode": "completion", "endpoint": "unix:{{stub.SocketPath}}.none" }
                  ]
                }
                """,
        }));
        try
        {
            // Prometheus 2 may still read the rules when Prometheus 3 starts, so they are written once.
            string configuration = scraped.Configuration();
            foreach (int version in (int[])[2, 3])
                scraped._servers.Add(await PrometheusProcess.StartAsync(configuration, Cancellation, version));
            foreach (PrometheusProcess server in scraped.Servers)
                await DaemonFixture.WaitUntilAsync(async () => (await QueryAsync(server, "model_runner_build_info")).Length > 0, DaemonFixture.Patience);
            return scraped;
        }
        catch
        {
            await scraped.DisposeAsync();
            throw;
        }
    }

    /// <summary>One request of each kind.</summary>
    public async Task SendRequestsAsync()
    {
        const string Messages = "\"messages\":[{\"role\":\"user\",\"content\":\"What is the capital of Norway?\"}],\"max_tokens\":8";
        Assert.Equal(200, (await Daemon.PostAsync("v1/chat/completions", $$"""{"model":"tiny-chat",{{Messages}}}""")).Status);
        using HttpResponseMessage stream = await Daemon.SendAsync(
            "v1/chat/completions", $$"""{"model":"tiny-chat","stream":true,{{Messages}}}""", HttpCompletionOption.ResponseContentRead, Cancellation);
        Assert.Equal(200, (int)stream.StatusCode);
        Assert.Equal(200, (await Daemon.PostAsync("v1/embeddings", """{"model":"tiny-embed","input":"hello"}""")).Status);
        Assert.InRange((await Daemon.PostAsync("v1/chat/completions", $$"""{"model":"down",{{Messages}}}""")).Status, 500, 599);

        // This key has not the scope for it.
        using var refused = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions") { Content = new StringContent($$"""{"model":"tiny-chat",{{Messages}}}""") };
        refused.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        using HttpResponseMessage refusal = await Daemon.Client.SendAsync(refused, Cancellation);
        Assert.Equal(403, (int)refusal.StatusCode);
    }

    /// <summary>One runner is unloaded, and the other one is killed.</summary>
    public async Task StopRunnersAsync()
    {
        Assert.Equal(200, (await Daemon.PostAsync("engines/unload", """{"models":["tiny-chat"]}""")).Status);
        JsonElement runner = Assert.Single(await Daemon.RunnersAsync(), static runner => runner.TryGetProperty("pid", out _));
        await DaemonFixture.SignalAsync(runner.GetProperty("pid").GetInt32(), "KILL");
    }

    /// <summary>The result of a query, without values that are no numbers.</summary>
    public static async Task<JsonElement[]> QueryAsync(PrometheusProcess server, string query)
    {
        JsonElement data = await server.GetAsync($"api/v1/query?query={Uri.EscapeDataString(query)}", Cancellation);
        return [.. data.GetProperty("result").EnumerateArray().Where(static series => series.GetProperty("value")[1].GetString() != "NaN")];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (PrometheusProcess server in _servers)
            await server.DisposeAsync();
        await Daemon.DisposeAsync();
        await Stub.DisposeAsync();
        _folder.Dispose();
    }

    // The shipped files with another address, a key, shorter intervals, and the path of the rules.
    private string Configuration()
    {
        string rules = _folder.Write("model-runner.rules.yml", ShippedFile.Read("model-runner.rules.yml", ("interval: 2m", "interval: 1s")));
        return ShippedFile.Read(
            "prometheus.yml", ("\"localhost:8080\"", $"\"{Daemon.TcpAddress.Authority}\""), ("interval: 15s", "interval: 1s"), ("- model-runner.rules.yml", $"- {rules}"),
            ("    static_configs:", $"    authorization:\n      credentials: {Key}\n    static_configs:"));
    }
}
