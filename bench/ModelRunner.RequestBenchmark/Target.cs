using System.Diagnostics;
using ModelRunner.ScrapeBenchmark.Aggregators;
using ModelRunner.ScrapeBenchmark.Measuring;

namespace ModelRunner.RequestBenchmark;

/// <summary>What requests are sent to: the server itself, or a daemon in front of it.</summary>
internal sealed class Target : IAsyncDisposable
{
    private readonly ChildProcess? _process;
    private readonly ProcessProbe? _probe;

    private Target(string name, int port, ChildProcess? process)
    {
        (Name, Port, _process) = (name, port, process);
        _probe = process is null ? null : new ProcessProbe(process.Id);
    }

    /// <summary>Its name in the table.</summary>
    public string Name { get; }

    /// <summary>Its port of 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>The CPU time of the daemon since its start; null: no daemon.</summary>
    public long? CpuNanoseconds => _probe?.CpuNanoseconds;

    /// <summary>The server without a daemon.</summary>
    public static Target Direct(ResponseServer server) => new("no daemon", server.Port, process: null);

    /// <summary>Starts a daemon in front of the server.</summary>
    /// <param name="name">Its name in the table.</param>
    /// <param name="executable">The daemon.</param>
    /// <param name="server">The server, which becomes an attached runner.</param>
    /// <param name="folder">The folder for the files of this daemon; no other daemon uses it.</param>
    /// <param name="hasLedger">Whether it stores requests.</param>
    /// <param name="cancellation">Cancels the start.</param>
    public static async Task<Target> StartAsync(
        string name, string executable, ResponseServer server, string folder, bool hasLedger, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        string file = Path.Join(folder, "model-runner.json");
        await File.WriteAllTextAsync(
            file,
            $$"""{ "runners": [ { "backend": "vllm", "model": "m", "mode": "completion", "endpoint": "http://127.0.0.1:{{server.Port}}" } ] }""",
            cancellation);
        ProcessStartInfo start = Launcher.CommandOf(executable, folder, file);
        start.Environment["MODEL_RUNNER_STATE"] = hasLedger ? Path.Join(folder, "state") : "none";
        ChildProcess process = await ChildProcess.StartAsync(start, cancellation);
        return new Target(name, process.Port, process);
    }

    public ValueTask DisposeAsync() => _process?.DisposeAsync() ?? ValueTask.CompletedTask;
}
