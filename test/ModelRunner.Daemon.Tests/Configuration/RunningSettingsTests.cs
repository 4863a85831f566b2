using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Configuration;

/// <summary>What a reload may change, beside what a running daemon has.</summary>
public sealed class RunningSettingsTests : IDisposable
{
    private static readonly Dictionary<string, ModelSettings> NoModels = new(StringComparer.Ordinal);
    private static readonly Dictionary<string, EngineSettings> NoEngines = new(StringComparer.Ordinal);

    private static readonly IReadOnlyDictionary<string, LlamaBuild> NoBuilds = new Dictionary<string, LlamaBuild>(StringComparer.Ordinal);

    private static readonly IReadOnlyDictionary<string, FileStamp> NoPrograms = new Dictionary<string, FileStamp>(StringComparer.Ordinal);

    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("{ }")]
    [InlineData("""{ "port": 8080 }""")]
    [InlineData("""{ "port": 8080, "bind": "0.0.0.0" }""")]
    public void The_key_of_an_open_address_cannot_be_removed(string file)
    {
        DaemonSettings running = Start("""{ "port": 8080, "bind": "0.0.0.0", "apiKey": "k" }""");

        _fixture.File = file;
        SettingsOutcome outcome = SettingsResolver.Resolve(_fixture.Options, running);

        string problem = Assert.Single(outcome.Problems).ToString();
        Assert.Contains("other machines", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nothing", "does not exist any more")]
    [InlineData("folder", "is a folder")]
    [InlineData("dangling link", "does not exist")]
    public void A_file_that_is_gone_is_a_problem_and_not_an_empty_one(string replacement, string expected)
    {
        DaemonSettings running = Start("""{ "port": 8080, "apiKey": "k" }""");
        string path = Path.Join(_fixture.Folder.Path, "model-runner.json");

        File.Delete(path);
        if (replacement == "folder")
            Directory.CreateDirectory(path);
        else if (replacement == "dangling link")
            File.CreateSymbolicLink(path, "/nowhere/model-runner.json");
        SettingsOutcome outcome = SettingsResolver.Resolve(_fixture.Options, running);

        Assert.Null(outcome.Settings);
        Assert.Contains(expected, Assert.Single(outcome.Problems).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_daemon_that_was_started_without_a_file_may_go_on_without_one() =>
        Assert.Empty(SettingsResolver.Resolve(_fixture.Options, _fixture.Settings()).Problems);

    [Fact]
    public void A_new_address_that_a_start_would_refuse_is_refused()
    {
        DaemonSettings running = Start("""{ "port": 8080, "apiKey": "k" }""");

        _fixture.File = """{ "port": 8080, "bind": "0.0.0.0" }""";

        string problem = Assert.Single(SettingsResolver.Resolve(_fixture.Options, running).Problems).ToString();
        Assert.Contains("can be reached from other machines and there is no key", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "bind": "0.0.0.0", "port": 8080, "keysFile": "keys.json" }""")]
    [InlineData("""{ "keysFile": "keys.json" }""")]
    public void A_keys_file_that_is_used_only_after_a_restart_does_not_replace_the_key_of_an_open_address(string file)
    {
        DaemonSettings running = Start("""{ "port": 8080, "bind": "0.0.0.0", "apiKey": "k" }""");

        _fixture.File = file;

        Assert.Single(SettingsResolver.Resolve(_fixture.Options, running).Problems);
    }

    [Theory]
    [InlineData("""{ "apiKey": "other" }""")]
    [InlineData("""{ "insecure": true }""")]
    public void An_open_address_may_get_another_key_or_be_declared_insecure(string file)
    {
        DaemonSettings running = Start("""{ "port": 8080, "bind": "0.0.0.0", "apiKey": "k" }""");

        _fixture.File = file;

        Assert.Empty(SettingsResolver.Resolve(_fixture.Options, running).Problems);
    }

    [Fact]
    public void Options_that_need_a_restart_keep_their_values_and_all_others_change()
    {
        DaemonSettings running = Start("{ }");

        _fixture.File = """
            {
              "port": 9, "modelsPath": "/elsewhere", "statePath": "none", "demo": true, "logDirectory": "/log", "metrics": { "disabled": true, "timeout": "9s" },
              "limits": { "maxConnections": 9, "maxBodyMemory": "9MiB", "maxRunners": 3, "drainTimeout": "7s" },
              "models": { "m": { "path": "m.gguf" } }
            }
            """;
        DaemonSettings next = SettingsResolver.Resolve(_fixture.Options, running).Settings!;

        Assert.Equal(running, next with
        {
            Engines = running.Engines,
            Models = running.Models,
            AttachedRunners = running.AttachedRunners,
            Origins = running.Origins,
            Sources = running.Sources,
            AllowedHosts = running.AllowedHosts,
            Warnings = running.Warnings,
            Runners = running.Runners,
            Metrics = running.Metrics,
        });
        Assert.Equal((3, TimeSpan.FromSeconds(7)), (next.Runners.MaxRunners, next.Runners.DrainTimeout));
        Assert.Equal((true, TimeSpan.FromSeconds(9)), (next.Metrics.Enabled, next.Metrics.Timeout));
        Assert.Equal(Path.Join(running.ModelsPath, "m.gguf"), next.Models["m:latest"].Path);
    }

    public static TheoryData<string> OptionsThatNeedARestart => [.. ConfigurationCatalog.All
        .Where(static option => option.NeedsRestart && option != ConfigurationCatalog.ConfigFile).Select(static option => option.FileKey!)];

    [Theory]
    [MemberData(nameof(OptionsThatNeedARestart))]
    public void Each_option_that_needs_a_restart_keeps_its_running_value(string option)
    {
        // A new option of this kind must be added here.
        string changed = option switch
        {
            "socket" => """{ "port": 8080, "socket": "/run/other.sock" }""",
            "port" => """{ "port": 9 }""",
            "bind" => """{ "port": 8080, "bind": "127.0.0.2" }""",
            "tls.certificate" => """{ "port": 8080, "tls": { "certificate": "/c.pem" } }""",
            "tls.key" => """{ "port": 8080, "tls": { "certificate": "/c.pem", "key": "/k.pem" } }""",
            "tls.auto" => """{ "port": 8080, "tls": { "auto": true } }""",
            "tls.metricsClients" => """{ "port": 8080, "tls": { "certificate": "/c.pem", "metricsClients": "/m.pem" } }""",
            "modelsPath" => """{ "port": 8080, "modelsPath": "/elsewhere" }""",
            "registries.mirrors" => """{ "port": 8080, "registries": { "mirrors": "mirror.lan" } }""",
            "registries.caFile" => $$"""{ "port": 8080, "registries": { "caFile": "{{_fixture.Folder.Write("ca.pem", "-----BEGIN CERTIFICATE-----\n")}}" } }""",
            "registries.plainHttp" => """{ "port": 8080, "registries": { "plainHttp": "reg.lan" } }""",
            "registries.trustedRealms" => """{ "port": 8080, "registries": { "trustedRealms": "auth.lan" } }""",
            "statePath" => """{ "port": 8080, "statePath": "/elsewhere" }""",
            "keysFile" => """{ "port": 8080, "keysFile": "/elsewhere/keys.json" }""",
            "demo" => """{ "port": 8080, "demo": true }""",
            "llamaServerPath" => $$"""{ "port": 8080, "llamaServerPath": "{{Executable()}}" }""",
            "logDirectory" => """{ "port": 8080, "logDirectory": "/log" }""",
            "metrics.disabled" => """{ "port": 8080, "metrics": { "disabled": true } }""",
            "metrics.maxModels" => """{ "port": 8080, "metrics": { "maxModels": 9 } }""",
            "limits.maxConnections" => """{ "port": 8080, "limits": { "maxConnections": 9 } }""",
            "limits.maxBodyMemory" => """{ "port": 8080, "limits": { "maxBodyMemory": "9MiB" } }""",
            _ => throw new ArgumentOutOfRangeException(nameof(option), option, "Add a file with another value of this option."),
        };
        DaemonSettings running = Start("""{ "port": 8080 }""");

        DaemonSettings restarted = Start(changed), reloaded = SettingsResolver.Resolve(_fixture.Options, running).Settings!;

        Assert.NotEqual(WithoutLists(running), WithoutLists(restarted));
        Assert.Equal(WithoutLists(running), WithoutLists(reloaded));
    }

    // Lists and dictionaries are compared by reference.
    private static DaemonSettings WithoutLists(DaemonSettings settings) => settings with
    {
        Models = NoModels,
        Engines = NoEngines,
        AttachedRunners = [],
        Origins = [],
        Sources = [],
        AllowedHosts = [],
        Warnings = [],
        Runners = settings.Runners with { ExtraArguments = [], Builds = NoBuilds, Programs = NoPrograms, EngineDevices = [] },
    };

    private string Executable()
    {
        string path = _fixture.Folder.Write("llama-server", "");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return path;
    }

    private DaemonSettings Start(string file)
    {
        _fixture.File = file;
        return _fixture.Settings();
    }
}
