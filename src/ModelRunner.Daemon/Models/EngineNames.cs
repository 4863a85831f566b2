using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Models;

/// <summary>What <see cref="MemoryKey.EngineOf"/> returned for the default engine and for each build when the settings were read. Immutable.</summary>
internal sealed class EngineNames
{
    private readonly Dictionary<string, string> _builds;
    private readonly string _default;

    private EngineNames(string ofDefault, Dictionary<string, string> builds) => (_default, _builds) = (ofDefault, builds);

    /// <summary>Reads the programs of the settings.</summary>
    public static EngineNames Of(RunnerSettings runners) => new(
        MemoryKey.EngineOf(runners),
        runners.Builds.Keys.ToDictionary(static name => name, name => MemoryKey.EngineOf(runners.With(name)), StringComparer.Ordinal));

    /// <summary>The engine of the models of a build; null: the default engine.</summary>
    public string Find(string? build) => build is not null && _builds.TryGetValue(build, out string? name) ? name : _default;
}
