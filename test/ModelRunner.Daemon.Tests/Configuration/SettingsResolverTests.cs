using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Tests.Configuration;

public sealed class SettingsResolverTests : IDisposable
{
    private static readonly IReadOnlyDictionary<string, LlamaBuild> NoBuilds = new Dictionary<string, LlamaBuild>(StringComparer.Ordinal);
    private static readonly IReadOnlyDictionary<string, FileStamp> NoPrograms = new Dictionary<string, FileStamp>(StringComparer.Ordinal);

    private readonly ConfigurationFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Without_options_the_daemon_has_a_private_socket_and_the_defaults()
    {
        DaemonSettings settings = _fixture.Settings();

        Assert.Equal(new ListenSettings(Path.Join(_fixture.Folder.Path, "model-runner.sock"), null), settings.Listen);
        Assert.Equal("/home/ada/.local/share/model-runner/models", settings.ModelsPath);
        Assert.Equal(new MetricsSettings(), settings.Metrics);
        Assert.Equal(TimeSpan.FromMinutes(5), settings.Runners.KeepAlive);
        Assert.Null(settings.Runners.LlamaServerPath);
        Assert.Null(settings.ApiKey);
        Assert.Null(settings.DemoModelsPath);
        Assert.Equal(LogLevel.Information, settings.LogLevel);
    }

    [Fact]
    public void An_option_that_is_not_set_has_its_documented_default()
    {
        DaemonSettings unset = _fixture.Settings();
        _fixture.File = FileWithDefaults().ToJsonString();
        DaemonSettings written = _fixture.Settings();

        Assert.Equal(written.Metrics, unset.Metrics);
        Assert.Equal(Comparable(written.Runners), Comparable(unset.Runners));
        Assert.Equal(written.MaxConnections, unset.MaxConnections);
        Assert.Equal(written.LogLevel, unset.LogLevel);
        Assert.Equal((written.IsInsecure, written.DemoModelsPath), (unset.IsInsecure, unset.DemoModelsPath));
        Assert.Equal("/home/ada" + ConfigurationCatalog.ModelsPath.Default.TrimStart('~'), unset.ModelsPath);
    }

    // Records compare these by reference.
    private static RunnerSettings Comparable(RunnerSettings settings) =>
        settings with { ExtraArguments = [], Builds = NoBuilds, Programs = NoPrograms, EngineDevices = [] };

    [Fact]
    public void Flags_win_over_the_environment_over_the_file()
    {
        _fixture.File = """{ "port": 1, "logLevel": "debug", "keepAlive": "1m" }""";
        _fixture.Environment["MODEL_RUNNER_PORT"] = "2";
        _fixture.Environment["LOG_LEVEL"] = "warn";
        _fixture.Flags["--port"] = "3";

        DaemonSettings settings = _fixture.Settings();

        Assert.Equal(3, settings.Listen.Tcp!.Port);
        Assert.Equal(LogLevel.Warning, settings.LogLevel);
        Assert.Equal(TimeSpan.FromMinutes(1), settings.Runners.KeepAlive);
    }

    [Fact]
    public void A_port_replaces_the_socket_and_both_can_be_set()
    {
        _fixture.Environment["MODEL_RUNNER_PORT"] = "8080";
        Assert.Equal(new ListenSettings(null, new IPEndPoint(IPAddress.Loopback, 8080)), _fixture.Settings().Listen);

        _fixture.Environment["MODEL_RUNNER_SOCK"] = "run/mr.sock";
        Assert.Equal(Path.Join(_fixture.Folder.Path, "run/mr.sock"), _fixture.Settings().Listen.SocketPath);
        Assert.NotNull(_fixture.Settings().Listen.Tcp);
    }

    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    [InlineData("192.168.1.7")]
    public void An_address_that_other_machines_can_reach_needs_a_key_or_insecure(string address)
    {
        _fixture.Environment["MODEL_RUNNER_PORT"] = "8080";
        _fixture.Environment["MODEL_RUNNER_BIND"] = address;
        Assert.Equal(
            $"MODEL_RUNNER_BIND: \"{address}\" can be reached from other machines and there is no key; "
            + "set MODEL_RUNNER_API_KEY, or MODEL_RUNNER_INSECURE=1 if every client may use it.",
            _fixture.Problem());

        _fixture.Environment["MODEL_RUNNER_API_KEY"] = "s3cret";
        Assert.Equal("s3cret", _fixture.Settings().ApiKey);

        _fixture.Environment.Remove("MODEL_RUNNER_API_KEY");
        _fixture.Environment["MODEL_RUNNER_INSECURE"] = "1";
        Assert.True(_fixture.Settings().IsInsecure);
    }

    [Fact]
    public void The_key_of_the_environment_counts_before_that_of_the_file()
    {
        _fixture.File = """{ "apiKey": "of-the-file" }""";
        Assert.Equal(("of-the-file", true), (_fixture.Settings().ApiKey, _fixture.Settings().IsApiKeyInFile));

        _fixture.Environment["MODEL_RUNNER_API_KEY"] = "s3cret";
        Assert.Equal(("s3cret", false), (_fixture.Settings().ApiKey, _fixture.Settings().IsApiKeyInFile));
    }

    [Fact]
    public void A_solution_names_options_as_the_user_set_them()
    {
        _fixture.Flags["--bind"] = "0.0.0.0";
        Assert.EndsWith("set --port too, or leave the address out.", _fixture.Problem(), StringComparison.Ordinal);

        _fixture.Flags["--port"] = "80";
        Assert.EndsWith("set MODEL_RUNNER_API_KEY, or --insecure if every client may use it.", _fixture.Problem(), StringComparison.Ordinal);

        _fixture.Flags.Clear();
        _fixture.File = """{ "port": 80, "bind": "0.0.0.0" }""";
        Assert.EndsWith(
            "set \"apiKey\" in the configuration file, or \"insecure\": true in the configuration file if every client may use it.",
            _fixture.Problem(), StringComparison.Ordinal);

        _fixture.File = """{ "port": 80 }""";
        Assert.Equal("\"port\" in the configuration file or \"bind\" in the configuration file", _fixture.Settings().Listen.TcpOptions);
    }

    [Theory]
    [InlineData("localhost", "127.0.0.1")]
    [InlineData("127.0.0.2", "127.0.0.2")]
    [InlineData("::1", "::1")]
    public void Loopback_needs_no_key(string written, string expected)
    {
        _fixture.Environment["MODEL_RUNNER_PORT"] = "8080";
        _fixture.Environment["MODEL_RUNNER_BIND"] = written;
        Assert.Equal(IPAddress.Parse(expected), _fixture.Settings().Listen.Tcp!.Address);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("0x7f.1")]
    [InlineData("example.org")]
    [InlineData("127.0.0.1:80")]
    public void An_invalid_address_is_a_problem(string written)
    {
        _fixture.Environment["MODEL_RUNNER_PORT"] = "8080";
        _fixture.Environment["MODEL_RUNNER_BIND"] = written;
        Assert.StartsWith($"MODEL_RUNNER_BIND: \"{written}\" is not an IP address or localhost;", _fixture.Problem(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_without_a_port_is_a_problem()
    {
        _fixture.Environment["MODEL_RUNNER_BIND"] = "127.0.0.1";
        Assert.Contains("is an address without a port", _fixture.Problem(), StringComparison.Ordinal);
    }

    [Fact]
    public void All_problems_are_reported_at_once_with_the_keys_that_were_set()
    {
        _fixture.File = """
            {
              "port": 70000,
              "metrics": { "timeout": "soon" },
              "limits": { "maxRunners": 0 }
            }
            """;
        _fixture.Environment["LOG_LEVEL"] = "loud";
        _fixture.Environment["DISABLE_METRICS"] = "maybe";
        _fixture.Environment["LLAMA_SERVER_PATH"] = "/nowhere/llama-server";
        _fixture.Flags["--keep-alive"] = "abc";

        string[] problems = _fixture.Problems();

        string[] expectedStarts =
        [
            "model-runner.json:2: port: \"70000\" is not a whole number from 0 to 65535;",
            "model-runner.json:3: metrics.timeout: \"soon\" is not a duration from 100ms to 10m, such as",
            "model-runner.json:4: limits.maxRunners: \"0\" is not a whole number from 1 to 256;",
            "LOG_LEVEL: \"loud\" is not one of trace, debug, info, warn, error;",
            "DISABLE_METRICS: \"maybe\" is not one of 1, true, yes, on, t, 0, false, no, off, f;",
            "LLAMA_SERVER_PATH: \"/nowhere/llama-server\" does not exist;",
            "--keep-alive: \"abc\" is not a duration up to 8760h",
        ];
        Assert.Equal(expectedStarts.Length, problems.Length);
        Assert.All(expectedStarts, start => Assert.Contains(problems, problem => problem.StartsWith(start, StringComparison.Ordinal)));
        Assert.All(problems, static problem => Assert.DoesNotContain('\n', problem));
    }

    [Theory]
    [InlineData("1", false)]
    [InlineData("true", false)]
    [InlineData("YES", false)]
    [InlineData("on", false)]
    [InlineData("t", false)]
    [InlineData("0", true)]
    [InlineData("False", true)]
    [InlineData("no", true)]
    [InlineData("off", true)]
    [InlineData("f", true)]
    [InlineData("", true)]
    [InlineData("  ", true)]
    [InlineData("\"1\"", false)]
    public void DISABLE_METRICS_accepts_these_words(string word, bool isEnabled)
    {
        _fixture.Environment["DISABLE_METRICS"] = word;
        Assert.Equal(isEnabled, _fixture.Settings().Metrics.Enabled);
    }

    [Fact]
    public void Environment_values_lose_spaces_and_quotes()
    {
        _fixture.Environment["MODELS_PATH"] = " \"/srv/models\" ";
        Assert.Equal("/srv/models", _fixture.Settings().ModelsPath);
    }

    [Fact]
    public void The_home_folder_can_be_written_as_a_tilde()
    {
        _fixture.Environment["MODELS_PATH"] = "~/models";
        Assert.Equal("/home/ada/models", _fixture.Settings().ModelsPath);
    }

    [Fact]
    public void XDG_DATA_HOME_contains_the_models_if_it_is_absolute()
    {
        _fixture.Environment["XDG_DATA_HOME"] = "/data";
        Assert.Equal("/data/model-runner/models", _fixture.Settings().ModelsPath);
        _fixture.Environment["XDG_DATA_HOME"] = "data";
        Assert.Equal("/home/ada/.local/share/model-runner/models", _fixture.Settings().ModelsPath);
    }

    [Fact]
    public void A_socket_path_that_is_too_long_is_reported()
    {
        _fixture.Environment["MODEL_RUNNER_SOCK"] = "/tmp/" + new string('s', 103);
        Assert.Contains("is longer than the 107 bytes", _fixture.Problem(), StringComparison.Ordinal);
        _fixture.Environment["MODEL_RUNNER_SOCK"] = "/tmp/" + new string('s', 102);
        Assert.Equal(107, _fixture.Settings().Listen.SocketPath!.Length);
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("tab\there")]
    [InlineData("kluczą")]
    public void A_key_that_cannot_be_sent_is_refused_and_not_shown(string key)
    {
        _fixture.Environment["MODEL_RUNNER_API_KEY"] = key;
        string problem = _fixture.Problem();
        Assert.DoesNotContain(key, problem, StringComparison.Ordinal);
        Assert.StartsWith("MODEL_RUNNER_API_KEY: cannot be used as a key;", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Origins_are_normalized_as_browsers_send_them()
    {
        _fixture.Environment["DMR_ORIGINS"] = "HTTPS://Chat.Example/, http://localhost:3000,http://a.example:80";
        Assert.Equal(["https://chat.example", "http://localhost:3000", "http://a.example"], _fixture.Settings().Origins);

        _fixture.Environment["DMR_ORIGINS"] = "*";
        Assert.Equal([OriginList.Any], _fixture.Settings().Origins);

        _fixture.Environment["DMR_ORIGINS"] = "chat.example,https://x.example/path";
        Assert.Equal(2, _fixture.Problems().Length);
    }

    [Fact]
    public void Llama_server_is_the_named_one_or_the_first_of_PATH()
    {
        string first = _fixture.Folder.WriteExecutable("first/llama-server");
        string second = _fixture.Folder.WriteExecutable("second/llama-server");
        _fixture.Folder.Write("plain/llama-server", "not executable");
        _fixture.Environment["PATH"] = $"relative:{_fixture.Folder.Path}/plain:{_fixture.Folder.Path}/first:{_fixture.Folder.Path}/second";
        Assert.Equal(first, _fixture.Settings().Runners.LlamaServerPath);

        _fixture.Environment["LLAMA_SERVER_PATH"] = second;
        Assert.Equal(second, _fixture.Settings().Runners.LlamaServerPath);

        _fixture.Environment["LLAMA_SERVER_PATH"] = Path.GetDirectoryName(second)!;
        Assert.Equal(second, _fixture.Settings().Runners.LlamaServerPath);

        _fixture.Environment["LLAMA_SERVER_PATH"] = "plain";
        Assert.Contains("is a folder without an executable llama-server", _fixture.Problem(), StringComparison.Ordinal);
        _fixture.Environment["LLAMA_SERVER_PATH"] = "plain/llama-server";
        Assert.Contains("is not an executable file", _fixture.Problem(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_embedded_runner_is_in_the_folder_of_the_executable()
    {
        string path = _fixture.Folder.WriteExecutable("base/llama-host/llama-host");
        Assert.Equal(path, _fixture.Settings().Runners.LlamaHostPath);
    }

    [Fact]
    public void The_demo_models_are_in_the_folder_of_the_executable()
    {
        _fixture.Flags["--demo"] = "true";
        Assert.Equal(Path.Join(_fixture.Folder.Path, "base", "models"), _fixture.Settings().DemoModelsPath);
    }

    // The other kinds have no fixed default, or one that depends on another option.
    private static JsonObject FileWithDefaults()
    {
        var file = new JsonObject();
        foreach (ConfigurationOption option in ConfigurationCatalog.All)
        {
            JsonNode? value = option.Kind switch
            {
                _ when option.FileKey is null || option.Default == "unset" || option.Default.Contains(' ', StringComparison.Ordinal) => null,
                OptionKind.Integer => option.DefaultInteger,
                OptionKind.Switch => option.DefaultSwitch,
                OptionKind.Bytes or OptionKind.Duration or OptionKind.KeepAlive or OptionKind.Level => option.Default,
                _ => null,
            };
            if (value is not null)
                Section(file, option.FileKey!)[option.FileKey!.Split('.')[^1]] = value;
        }

        return file;
    }

    private static JsonObject Section(JsonObject file, string key)
    {
        string[] parts = key.Split('.');
        if (parts.Length == 1)
            return file;
        if (file[parts[0]] is not JsonObject section)
            file[parts[0]] = section = [];
        return section;
    }
}
