using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>Several builds of llama-server in the real daemon. Their programs are the stub.</summary>
public sealed class EngineBuildDaemonTests : IDisposable
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"hi"}],"max_tokens":2}""";
    private const string Flags = "-t, --threads N  t\n--metrics  m\n--host H  h\n--alias A  a\n--model M  m\n--ctx-size N  c\n--parallel N  p\n--temp N  t\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_model_runs_with_its_build_and_ps_and_status_tell_the_versions()
    {
        string program = Build("new/llama-server", 9001);
        await using DaemonFixture daemon = await StartAsync(
            """{ "engines": { "llama-b9001": { "llamaServer": "new" } }, "models": { "tiny-chat": { "engine": "llama-b9001" } } }""", Build("old", 9000));

        Assert.Equal(200, (await daemon.PostAsync("engines/llama.cpp/v1/chat/completions", Chat)).Status);
        Assert.Equal(200, (await daemon.PostAsync("v1/embeddings", """{"model":"tiny-embed","input":"x"}""")).Status);

        Dictionary<string, JsonElement> runners = (await daemon.RunnersAsync()).ToDictionary(static runner => Text(runner, "model_name"), StringComparer.Ordinal);
        JsonElement chat = runners["tiny-chat:latest"];
        Assert.Equal(("llama.cpp", "llama-b9001"), (Text(chat, "backend_name"), Text(chat, "engine")));
        Assert.Equal("llama-server", Text(runners["tiny-embed:latest"], "engine"));
        Assert.Equal(program, await File.ReadAllTextAsync($"{_folder.PathOf("ran")}.9001", TestContext.Current.CancellationToken));
        string status = Text(await daemon.GetAsync("engines/status"), "llama.cpp");
        Assert.Equal("Running: llama-server b9000-x and llama-b9001 b9001-x, 2 ready", status);
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Contains("engine=\"llama-b9001\"", page, StringComparison.Ordinal);
        Assert.Contains("model_runner_up{backend=\"llama.cpp\",model=\"tiny-chat:latest\",mode=\"completion\"} 1", page, StringComparison.Ordinal);
        (int code, string shown, _) = await daemon.RunClientAsync(daemon.FolderPath, "ps");
        Assert.Equal(0, code);
        Assert.Contains("ENGINE", shown, StringComparison.Ordinal);
        Assert.Contains("llama-b9001", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_arguments_of_a_model_are_checked_against_its_own_build()
    {
        Build("new", 9001);
        string old = Build("old", 9000, "--top-k N  k\n");
        var setup = new DaemonSetup
        {
            Folder = _folder, Environment = Server(old),
            Configuration = """{ "engines": { "n": { "llamaServer": "new" } }, "models": { "tiny-chat": { "engine": "n", "args": ["--top-k", "4"] } } }""",
        };

        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(setup);

        Assert.Equal(2, exitCode);
        Assert.Contains("args of tiny-chat:latest: \"--top-k\" is not known to engine n; ", error, StringComparison.Ordinal);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(setup with
        {
            Configuration = """{ "engines": { "n": { "llamaServer": "new" } }, "models": { "tiny-chat": { "args": ["--top-k", "4"] } } }""",
        });
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
    }

    [Fact]
    public async Task A_changed_build_is_used_for_new_loads_only_and_ps_says_what_is_outdated()
    {
        Build("one", 9001);
        Build("two", 9002);
        const string Configuration = """{ "engines": { "n": { "llamaServer": "one" } }, "models": { "tiny-chat": { "engine": "n" } } }""";
        await using DaemonFixture daemon = await StartAsync(Configuration, Build("old", 9000));
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        int process = await daemon.RunnerProcessAsync();
        Assert.False(Assert.Single(await daemon.RunnersAsync()).TryGetProperty("outdated", out _));

        await File.WriteAllTextAsync(
            Path.Join(daemon.FolderPath, "model-runner.json"), Configuration.Replace("one", "two", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await daemon.WaitForLogAsync("changed: engines");

        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        Assert.Equal(process, await daemon.RunnerProcessAsync());
        JsonElement outdated = Assert.Single(await daemon.RunnersAsync());
        Assert.Equal("n is another program now; the next load uses the new settings", Text(outdated, "outdated_reason"));
        (_, string shown, _) = await daemon.RunClientAsync(daemon.FolderPath, "ps");
        Assert.Contains("OUTDATED", shown, StringComparison.Ordinal);
        await daemon.PostAsync("engines/unload", """{"all":true}""");
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        Assert.False(Assert.Single(await daemon.RunnersAsync()).TryGetProperty("outdated", out _));
        Assert.True(File.Exists($"{_folder.PathOf("ran")}.9002"));

        // An update of the package replaces the file.
        File.Move(Build("update", 9003), _folder.PathOf("two"), overwrite: true);
        await daemon.WaitForLogAsync("was replaced. New loads use it");
        outdated = Assert.Single(await daemon.RunnersAsync());
        Assert.Equal("the program of n was replaced; the next load uses the new one", Text(outdated, "outdated_reason"));
        Assert.Equal("Running: llama-server b9000-x and n b9003-x, 1 ready", Text(await daemon.GetAsync("engines/status"), "llama.cpp"));
    }

    [Fact]
    public async Task Other_arguments_for_all_runners_make_a_loaded_one_outdated()
    {
        await using DaemonFixture daemon = await StartAsync("""{ "llamaArgs": "--threads 2" }""", Build("old", 9000));
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);

        await File.WriteAllTextAsync(
            Path.Join(daemon.FolderPath, "model-runner.json"), """{ "llamaArgs": "--threads 1" }""", TestContext.Current.CancellationToken);
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await daemon.WaitForLogAsync("changed: llamaArgs");

        JsonElement outdated = Assert.Single(await daemon.RunnersAsync());
        Assert.Equal("its arguments changed; the next load uses the new settings", Text(outdated, "outdated_reason"));
    }

    [Fact]
    public async Task A_runner_that_answers_while_the_settings_of_its_model_change_is_outdated_until_it_ends()
    {
        await using DaemonFixture daemon = await StartAsync("""{ "models": { "tiny-chat": { "contextSize": 64 } } }""", Build("old", 9000), """{"hold_requests":true}""");
        Task<(int Status, JsonElement Body)> running = daemon.PostAsync("v1/chat/completions", Chat);
        int process = await daemon.BusyRunnerProcessAsync();

        await File.WriteAllTextAsync(
            Path.Join(daemon.FolderPath, "model-runner.json"), """{ "models": { "tiny-chat": { "contextSize": 32 } } }""", TestContext.Current.CancellationToken);
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await daemon.WaitForLogAsync("changed: models");

        JsonElement outdated = Assert.Single(await daemon.RunnersAsync());
        Assert.Equal("the settings of its model changed; it stops as soon as it is idle", Text(outdated, "outdated_reason"));
        using HttpClient stub = DaemonFixture.RunnerClient(process);
        using HttpResponseMessage released = await stub.PostAsync(
            new Uri("stub/release", UriKind.Relative), content: null, TestContext.Current.CancellationToken);
        Assert.Equal(200, (await running).Status);
    }

    private Task<DaemonFixture> StartAsync(string configuration, string server, string? faults = null)
    {
        var setup = new DaemonSetup { Folder = _folder, Configuration = configuration, Environment = Server(server) };
        return DaemonFixture.StartAsync(faults is null ? setup : setup.WithFaults(faults));
    }

    private static Dictionary<string, string?> Server(string path) => new(StringComparer.Ordinal) { ["LLAMA_SERVER_PATH"] = path };

    /// <summary>The stub with a version and a help of its own. It notes that it ran.</summary>
    private string Build(string name, int version, string flags = "")
    {
        string path = _folder.WriteExecutable(name);
        File.WriteAllText(path, $"""
            #!/bin/sh
            case "$1" in
            --version) echo 'version: {version} (x)' >&2 ;;
            --help) printf %b '{Flags.Replace("\n", "\\n", StringComparison.Ordinal)}{flags.Replace("\n", "\\n", StringComparison.Ordinal)}' ;;
            *) printf %s "$0" > {_folder.PathOf("ran")}.{version}; exec {StubProcess.ExecutablePath} "$@" ;;
            esac

            """);
        return path;
    }

    private static string Text(JsonElement parent, string name) => parent.GetProperty(name).GetString()!;
}
