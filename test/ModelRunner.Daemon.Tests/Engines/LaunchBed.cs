using Microsoft.Extensions.Logging.Abstractions;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Engines;

/// <summary>A launcher whose engine is the stub, unless another is named. Disposing kills what is left and removes the folder.</summary>
internal sealed class LaunchBed : IDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder _folder = new();
    private readonly RunnerProcessLauncher _launcher;
    private long _starts;

    public LaunchBed(RunnerSettings? settings = null, TimeProvider? time = null, DelegatedGroup? groups = null)
    {
        settings ??= new RunnerSettings();
        var daemon = new DaemonSettings
        {
            Listen = new ListenSettings(null, null),
            ModelsPath = _folder.Path,
            Runners = settings is { LlamaServerPath: null, LlamaHostPath: null } ? settings with { LlamaServerPath = StubProcess.ExecutablePath } : settings,
        };
        _launcher = new RunnerProcessLauncher(daemon, time ?? TimeProvider.System, NullLogger.Instance, [_folder.Path], DeathSignal.ChoosePrefix())
        {
            Groups = groups ?? DelegatedGroup.OfProcess,
        };
    }

    /// <summary>The files that are being removed.</summary>
    public FilesInRemoval Removals => _launcher.Removals;

    /// <summary>The files in the private folder of the launcher.</summary>
    public IEnumerable<string> Sockets => Directory.GetFiles(_folder.Path, "*.sock", SearchOption.AllDirectories);

    /// <summary>Starts the stub as a model, with these faults.</summary>
    public IManagedRunner Start(string faults = "{}", RunnerMode mode = RunnerMode.Completion)
    {
        string path = _folder.PathOf($"model{_starts}.gguf");
        File.WriteAllText(path + ".stub.json", faults);
        return StartFile(path, mode);
    }

    /// <summary>Starts a runner for a file.</summary>
    public IManagedRunner StartFile(string path, RunnerMode mode = RunnerMode.Completion, string reference = "tiny:latest") => StartModel(
        new ModelEntry(reference, path, 1, DateTimeOffset.UnixEpoch, new ModelSettings()) { ContextSize = 512, Slots = 2 }, mode);

    /// <summary>Starts a runner for a model.</summary>
    public IManagedRunner StartModel(ModelEntry model, RunnerMode mode = RunnerMode.Completion)
    {
        return _launcher.Start(new RunnerId(++_starts), new RunnerKey("llama.cpp", model.Reference, mode), model);
    }

    public void Dispose()
    {
        _launcher.Dispose();
        _folder.Dispose();
    }
}
