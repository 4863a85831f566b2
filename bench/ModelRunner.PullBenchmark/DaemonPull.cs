using System.Diagnostics;
using System.Net.Http.Json;
using ModelRunner.ScrapeBenchmark;
using ModelRunner.ScrapeBenchmark.Aggregators;
using ModelRunner.ScrapeBenchmark.Measuring;

namespace ModelRunner.PullBenchmark;

/// <summary>A pull by a daemon of its own, into an empty folder.</summary>
internal static class DaemonPull
{
    /// <summary>Pulls the model once.</summary>
    /// <param name="daemon">The path of model-runner.</param>
    /// <param name="parent">The folder in which the daemon's folder is made and removed.</param>
    /// <param name="registry">Host and port of the registry.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="BenchmarkException">The pull failed.</exception>
    public static async Task<PullFigures> RunAsync(string daemon, string parent, string registry, CancellationToken cancellation)
    {
        string folder = Directory.CreateDirectory(Path.Join(parent, "daemon")).FullName;
        try
        {
            string file = Path.Join(folder, "model-runner.json");
            await File.WriteAllTextAsync(file, """{"sources":"none"}""", cancellation);
            await using ChildProcess child = await ChildProcess.StartAsync(Launcher.CommandOf(daemon, folder, file), cancellation);
            return await PullAsync(child, registry, cancellation);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<PullFigures> PullAsync(ChildProcess child, string registry, CancellationToken cancellation)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false })
        {
            BaseAddress = new Uri($"http://127.0.0.1:{child.Port}/"), Timeout = Timeout.InfiniteTimeSpan, DefaultRequestHeaders = { { "Accept", "application/json" } },
        };
        var probe = new ProcessProbe(child.Id);
        probe.ForgetPeak();
        long processor = probe.CpuNanoseconds;
        long started = Stopwatch.GetTimestamp();
        using HttpResponseMessage response = await client.PostAsJsonAsync(
            new Uri("models/create", UriKind.Relative), new { from = $"{registry}/{SparseModel.Repository}" }, cancellation);
        string text = await response.Content.ReadAsStringAsync(cancellation);
        string last = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? "";
        if (!last.Contains("\"success\"", StringComparison.Ordinal))
            throw new BenchmarkException($"the pull failed with status {(int)response.StatusCode}: {last}");
        return new PullFigures((probe.CpuNanoseconds - processor) / 1e9, Stopwatch.GetElapsedTime(started).TotalSeconds, probe.PeakBytes);
    }
}
