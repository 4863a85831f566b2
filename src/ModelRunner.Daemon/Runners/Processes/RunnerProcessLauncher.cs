using ModelRunner.Daemon.Configuration;
using ModelRunner.Daemon.Models;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Runners.Processes;

/// <summary>
/// Starts runners as child processes. Making one cleans up after daemons that were killed and makes the private folder; disposing it,
/// after all runners have stopped, removes that folder and kills whatever is left.
/// </summary>
internal sealed class RunnerProcessLauncher : IDisposable
{
    private readonly RuntimeFolder _folder;
    private readonly ILogger _logger;
    private readonly DaemonSettings _settings;
    private readonly RunnerSpawner _spawner;
    private readonly TimeProvider _time;

    /// <exception cref="IOException">No private folder could be made.</exception>
    public RunnerProcessLauncher(DaemonSettings settings, TimeProvider time, ILogger<RunnerProcessLauncher> logger)
        : this(settings, time, logger, RuntimeFolder.Places(), DeathSignal.ChoosePrefix())
    {
    }

    /// <summary>For tests, which name the places to use and the way to tie a child's life to ours.</summary>
    public RunnerProcessLauncher(
        DaemonSettings settings, TimeProvider time, ILogger logger, IReadOnlyList<string> places, IReadOnlyList<string> prefix)
    {
        (_settings, _time, _logger) = (settings, time, logger);
        Engine = RunnerEngine.Choose(settings.Runners);
        (int processes, int folders) = OrphanSweep.Run(places);
        if (processes + folders > 0)
            RunnerProcessLog.Swept(logger, processes, folders);
        _folder = RuntimeFolder.Create(places);
        _spawner = new RunnerSpawner(prefix);
    }

    /// <summary>The program that serves models; null where there is none.</summary>
    public RunnerEngine? Engine { get; }

    /// <summary>The socket that a start will listen on.</summary>
    public string SocketPath(RunnerId runner) => _folder.SocketPath(runner.Value);

    /// <summary>Starts a process for a model. It is not ready yet.</summary>
    /// <param name="key">What it is to serve.</param>
    /// <param name="model">The model, which must have a file.</param>
    /// <param name="socketPath">Where it is to listen, from <see cref="SocketPath"/>.</param>
    /// <param name="endpoint">How that socket is reached.</param>
    /// <exception cref="SpawnException">There is no engine, or the operating system refused.</exception>
    public async Task<RunnerProcess> StartAsync(RunnerKey key, ModelEntry model, string socketPath, RunnerEndpoint endpoint)
    {
        RunnerEngine engine = Engine ?? throw new SpawnException(
            "No engine to run models with: install llama-server or name it in LLAMA_SERVER_PATH");

        IReadOnlyList<string> arguments =
            RunnerCommandLine.Build(engine, model, key.Mode, socketPath, _settings.Runners, _settings.Metrics.Enabled);
        IReadOnlyList<string> environment = RunnerEnvironment.Build(Environment.GetEnvironmentVariables(), _folder.EmptyFolder);
        ChildProcess child = await _spawner.StartAsync(new SpawnRequest(engine.Path, arguments, environment, _folder.Path));
        string shown = string.Join(' ', arguments);
        RunnerProcessLog.Starting(_logger, model.Reference, child.Id, engine.Path, shown);

        var probe = new ReadinessProbe(endpoint, socketPath, model.Reference, _time);
        return new RunnerProcess(child, new RunnerStart(engine, model.Reference, arguments, socketPath, probe), _settings.Runners, _time, _logger);
    }

    public void Dispose()
    {
        _spawner.Dispose();
        _folder.Dispose();
    }
}
