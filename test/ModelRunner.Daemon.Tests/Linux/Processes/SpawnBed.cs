using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

/// <summary>A spawner with a folder, for children that a test starts. Disposing ends them all.</summary>
internal sealed class SpawnBed : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly RunnerSpawner _spawner;

    public SpawnBed(IReadOnlyList<string>? prefix = null) => _spawner = new RunnerSpawner(prefix ?? DeathSignal.ChoosePrefix());

    public string Folder => _folder.Path;

    /// <summary>Starts a shell with a script.</summary>
    public Task<ChildProcess> StartShellAsync(string script) => StartAsync("/bin/sh", "-c", script);

    public Task<ChildProcess> StartAsync(string program, params string[] arguments) => StartAsync((ProcessorSet?)null, program, arguments);

    /// <summary>Starts a program that may use only these processors.</summary>
    public Task<ChildProcess> StartAsync(ProcessorSet? processors, string program, params string[] arguments) =>
        _spawner.StartAsync(new SpawnRequest(program, arguments, ["PATH=/usr/bin:/bin", "CANARY=none"], _folder.Path) { Processors = processors });

    /// <summary>Starts a program in a control group.</summary>
    public Task<ChildProcess> StartAsync(RunnerGroup group, string program, params string[] arguments) =>
        _spawner.StartAsync(new SpawnRequest(program, arguments, ["PATH=/usr/bin:/bin"], _folder.Path) { Group = group });

    public void Dispose()
    {
        _spawner.Dispose();
        _folder.Dispose();
    }
}
