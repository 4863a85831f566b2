using System.Diagnostics;
using System.Text.Json;
using ModelRunner.ScrapeBenchmark.Pages;
using ModelRunner.ScrapeBenchmark.Runners;

namespace ModelRunner.ScrapeBenchmark.Aggregators;

/// <summary>Starts the measured processes.</summary>
internal static class Launcher
{
    private static readonly string[] OwnVariables = ["MODEL_RUNNER_", "LLAMA_", "DMR_", "MODELS_PATH", "DISABLE_METRICS", "OTEL_"];

    /// <summary>Starts the daemon with fake runners attached, so that every scrape reads every runner.</summary>
    /// <param name="executable">The daemon.</param>
    /// <param name="folder">Contains the sockets of the runners; the daemon's files are created there too.</param>
    /// <param name="runners">The number of runners.</param>
    /// <param name="cancellation">Cancels the start.</param>
    public static Task<ChildProcess> StartDaemonAsync(string executable, string folder, int runners, CancellationToken cancellation)
    {
        string file = Path.Join(folder, "model-runner.json");
        File.WriteAllText(file, Configuration(folder, runners));
        return ChildProcess.StartAsync(CommandOf(executable, folder, file), cancellation);
    }

    /// <summary>The command that starts the daemon, without the settings of the user.</summary>
    /// <param name="executable">The daemon.</param>
    /// <param name="folder">The folder for its files.</param>
    /// <param name="file">Its configuration.</param>
    public static ProcessStartInfo CommandOf(string executable, string folder, string file)
    {
        var start = new ProcessStartInfo(executable, ["serve", "--config", file, "--port", "0", "--models-path", folder]) { WorkingDirectory = folder };
        foreach (string name in start.Environment.Keys.Where(static name => OwnVariables.Any(name.StartsWith)).ToArray())
            start.Environment.Remove(name);
        start.Environment["XDG_RUNTIME_DIR"] = folder;
        start.Environment["XDG_STATE_HOME"] = folder;
        start.Environment["LOG_LEVEL"] = "info";
        return start;
    }

    /// <summary>Starts the floor with the same runners.</summary>
    /// <inheritdoc cref="StartDaemonAsync" path="/param"/>
    public static Task<ChildProcess> StartFloorAsync(string folder, int runners, CancellationToken cancellation) => ChildProcess.StartAsync(
        new ProcessStartInfo(Path.Join(AppContext.BaseDirectory, typeof(Launcher).Assembly.GetName().Name), FloorServer.Arguments(folder, runners)), cancellation);

    private static string Configuration(string folder, int runners) => JsonSerializer.Serialize(new
    {
        runners = FakeRunners.SocketPaths(folder, runners).Select(static (path, number) => new
        {
            backend = "llama.cpp",
            model = MergedPage.ModelOf(number),
            mode = "completion",
            endpoint = $"unix:{path}",
        }),
        metrics = new { minInterval = "0s" },
    });
}
