using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines.Llama;
using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Engines;

/// <summary>Tells of engines what depends on their programs: versions, and runners that run with another program than new ones. Thread-safe.</summary>
/// <param name="settings">The settings in effect.</param>
/// <param name="time">The clock.</param>
/// <param name="ending">Cancelled when the daemon ends.</param>
internal sealed class EngineReport(Func<DaemonSettings> settings, TimeProvider time, CancellationToken ending)
{
    private readonly EngineVersions _versions = new(ending);

    /// <summary>The versions of llama-server and of its builds, by the names of the engines, as far as they tell them within a moment.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ReadVersionsAsync()
    {
        RunnerSettings runners = settings().Runners;
        (string Name, Task<string?> Reading)[] readings =
        [
            .. runners.LlamaServerPath is { } path ? [(LlamaEngine.LlamaServer, _versions.FindAsync(path, time))] : Array.Empty<(string, Task<string?>)>(),
            .. runners.Builds.Values.Select(build => (build.Name, _versions.FindAsync(build.Path, time))),
        ];
        var versions = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, Task<string?> reading) in readings)
            if (await reading is { } version)
                versions.Add(name, version);
        return versions;
    }

    /// <summary>Why a loaded runner would be started in another way now, in a clause; null: it would not, or it is not known.</summary>
    public string? FindChange(RunnerSnapshot runner)
    {
        if (runner.Outdated is { } reason)
            return $"{OutdatedText.Of(reason)}; it stops as soon as it is idle";
        if (runner.Program is not { } program || runner.Model is not { } model)
            return null;
        if (program.IsReplaced())
            return $"the program of {program.Engine} was replaced; the next load uses the new one";
        DaemonSettings now = settings();
        return model.Settings.Engine is null && LlamaEngine.Choose(now.Runners, now.Metrics.Enabled, model.Settings.Build)?.FindChange(runner) is { } change
            ? $"{change}; the next load uses the new settings"
            : null;
    }
}
