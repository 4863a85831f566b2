using ModelRunner.Configuration;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Configuration;

/// <summary>Resolves settings in a separate folder, without the environment of this machine.</summary>
internal sealed class ConfigurationFixture : IDisposable
{
    public TemporaryFolder Folder { get; } = new();

    public Dictionary<string, string> Environment { get; } = new(StringComparer.Ordinal) { ["HOME"] = "/home/ada" };

    public Dictionary<string, string> Flags { get; } = new(StringComparer.Ordinal);

    public bool HasOpenSsl { get; set; } = true;

    public string File
    {
        set => Folder.Write("model-runner.json", value);
    }

    public DaemonOptions Options => new()
    {
        Flags = Flags, Environment = Environment, WorkingDirectory = Folder.Path, BaseDirectory = Path.Join(Folder.Path, "base"),
        HasOpenSsl = () => HasOpenSsl,
    };

    public SettingsOutcome Resolve() => SettingsResolver.Resolve(Options);

    public DaemonSettings Settings()
    {
        SettingsOutcome outcome = Resolve();
        Assert.Empty(outcome.Problems.Select(static problem => problem.ToString()));
        return outcome.Settings!;
    }

    public string[] Problems()
    {
        SettingsOutcome outcome = Resolve();
        Assert.Null(outcome.Settings);
        return [.. outcome.Problems.Select(static problem => problem.ToString())];
    }

    public string Problem() => Assert.Single(Problems());

    public void Dispose() => Folder.Dispose();
}
