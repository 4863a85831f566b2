using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>What SIGHUP changes in a running daemon, and what it leaves alone.</summary>
public sealed class SettingsReloadTests
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two"}]}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_unchanged_attached_server_keeps_its_requests_and_counters_and_a_new_one_serves()
    {
        await using StubProcess first = await StubProcess.StartAsync();
        await using StubProcess second = await StubProcess.StartAsync();
        await using DaemonFixture daemon = await StartAsync($$"""{ "runners": [{{Server("a", first)}}] }""");
        await first.SetFaultsAsync("""{"metrics_status":500,"hold_requests":true}""");
        Assert.Contains(Failures("a", 1), await PageAsync(daemon), StringComparison.Ordinal);
        Task<(int Status, JsonElement Body)> running = daemon.PostAsync("v1/chat/completions", ChatWith("a"));
        await WaitUntilInFlightAsync(first);

        // Another order of the servers, too: they are not known by their position.
        await ReloadAsync(daemon, $$"""{ "keepAlive": "1m", "runners": [{{Server("b", second)}}, {{Server("a", first)}}] }""", "changed: keepAlive, runners");

        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", ChatWith("b"))).Status);
        await WaitForRestOfIntervalAsync(daemon, Failures("a", 2));
        Assert.Contains("model_runner_up{backend=\"vllm\",model=\"b:latest\",mode=\"completion\"} 1", await PageAsync(daemon), StringComparison.Ordinal);
        Assert.True((await RunnerAsync(daemon, "a")).GetProperty("in_use").GetBoolean());
        await ReleaseAsync(first);
        Assert.Equal(200, (await running).Status);
        await daemon.WaitUntilIdleAsync();
    }

    [Fact]
    public async Task A_removed_or_changed_attached_server_ends_its_requests_and_gets_no_more()
    {
        await using StubProcess old = await StubProcess.StartAsync();
        await using StubProcess next = await StubProcess.StartAsync();
        await using DaemonFixture daemon = await StartAsync($$"""{ "runners": [{{Server("a", old)}}, {{Server("b", old)}}] }""");
        await old.SetFaultsAsync("""{"hold_requests":true}""");
        Task<(int Status, JsonElement Body)> running = daemon.PostAsync("v1/chat/completions", ChatWith("a"));
        await WaitUntilInFlightAsync(old);

        await ReloadAsync(daemon, $$"""{ "runners": [{{Server("a", next)}}] }""", "changed: runners");

        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", ChatWith("a"))).Status);
        Assert.Equal(404, (await daemon.PostAsync("v1/chat/completions", ChatWith("b"))).Status);
        Assert.Single(await next.RequestsAsync(), IsInference);
        await ReleaseAsync(old);
        Assert.Equal(200, (await running).Status);
        Assert.Single(await old.RequestsAsync(), IsInference);
    }

    [Fact]
    public async Task A_wrong_file_changes_nothing_until_it_is_right()
    {
        await using DaemonFixture daemon = await StartAsync("""{ "models": { "tiny-chat": { "aliases": ["old"] } } }""");
        double started = await ValueAsync(daemon, "model_runner_config_last_reload_success_timestamp_seconds");
        Assert.Equal(1, await ValueAsync(daemon, "model_runner_config_last_reload_successful"));

        await ReloadAsync(daemon, """{ "keepAlive": "soon", "limits": { "maxRunners": 0 } }""", "is not used (problems: 2)");

        await daemon.WaitForLogAsync("\"soon\"");
        await daemon.WaitForLogAsync("limits.maxRunners");
        Assert.Equal(0, await ValueAsync(daemon, "model_runner_config_last_reload_successful"));
        Assert.Equal(started, await ValueAsync(daemon, "model_runner_config_last_reload_success_timestamp_seconds"));
        string[] problems = await ProblemsAsync(daemon);
        Assert.Equal(3, problems.Length);
        Assert.Equal("The new configuration is not used (problems: 2); the daemon continues with the previous settings.", problems[0]);
        (int exitCode, _, string warnings) = await daemon.RunClientAsync(daemon.FolderPath, "status");
        Assert.Equal(0, exitCode);
        Assert.StartsWith("model-runner: warning: The new configuration is not used (problems: 2)", warnings, StringComparison.Ordinal);
        Assert.Contains("\"soon\"", warnings, StringComparison.Ordinal);
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", ChatWith("old"))).Status);

        await ReloadAsync(daemon, """{ "models": { "tiny-chat": { "aliases": ["new"] } } }""", "changed: models");

        Assert.Equal(1, await ValueAsync(daemon, "model_runner_config_last_reload_successful"));
        Assert.True(await ValueAsync(daemon, "model_runner_config_last_reload_success_timestamp_seconds") > started);
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", ChatWith("new"))).Status);
        Assert.Equal(404, (await daemon.PostAsync("v1/chat/completions", ChatWith("old"))).Status);
    }

    [Fact]
    public async Task A_loaded_model_stays_until_its_own_settings_change()
    {
        await using DaemonFixture daemon = await StartAsync("""{ "models": { "tiny-chat": { "keepAlive": -1 } } }""");
        await daemon.PostAsync("v1/chat/completions", Chat);
        int process = await daemon.RunnerProcessAsync();

        await ReloadAsync(daemon, """{ "models": { "tiny-chat": { "keepAlive": -1, "aliases": ["other"] }, "tiny-embed": { "contextSize": 64 } } }""", "changed: models");
        await daemon.PostAsync("v1/chat/completions", ChatWith("other"));
        Assert.Equal(process, await daemon.RunnerProcessAsync());

        await ReloadAsync(daemon, """{ "models": { "tiny-chat": { "keepAlive": -1, "contextSize": 64 } } }""", "changed: models");
        await ProcessTable.WaitUntilGoneAsync(process, DaemonFixture.Patience);
        await daemon.PostAsync("v1/chat/completions", Chat);
        Assert.Contains("256", ProcessTable.ArgumentsOf(await daemon.RunnerProcessAsync()), StringComparer.Ordinal);

        await ReloadAsync(daemon, """{ "models": { "tiny-chat": { "keepAlive": "0s", "contextSize": 64 } } }""", "changed: models");
        await DaemonFixture.WaitUntilAsync(async () => (await daemon.RunnersAsync()).Count == 0, DaemonFixture.Patience);
    }

    [Fact]
    public async Task An_option_that_needs_a_restart_keeps_its_value_and_is_named()
    {
        await using DaemonFixture daemon = await StartAsync("{}");

        await ReloadAsync(
            daemon, """{ "logLevel": "debug", "metrics": { "disabled": true, "maxBodyBytes": "2MiB" }, "limits": { "maxConnections": 9 } }""",
            "need a restart of the daemon: metrics.disabled, limits.maxConnections.");

        await daemon.WaitForLogAsync("changed: logLevel, metrics.maxBodyBytes.");
        Assert.Equal(2 << 20, await ValueAsync(daemon, "model_runner_scrape_body_limit_bytes"));
        await daemon.WaitForLogAsync("GET /metrics");
        const string Sentence = "New values of these options need a restart of the daemon: metrics.disabled, limits.maxConnections.";
        Assert.Equal([Sentence], await ProblemsAsync(daemon));
        Assert.Equal("""["metrics.disabled","limits.maxConnections"]""", (await daemon.GetAsync("engines/problems")).GetProperty("needs_restart").GetRawText());
        Assert.Equal($"model-runner: warning: {Sentence}\n", (await daemon.RunClientAsync(daemon.FolderPath, "status")).Error);

        await ReloadAsync(daemon, """{ "logLevel": "debug", "metrics": { "maxBodyBytes": "3MiB" } }""", "changed: metrics.maxBodyBytes.");
        Assert.Empty(await ProblemsAsync(daemon));
    }

    [Fact]
    public async Task A_new_model_that_cannot_be_used_is_logged()
    {
        await using DaemonFixture daemon = await StartAsync("{}");

        await ReloadAsync(daemon, """{ "models": { "ghost": { "path": "/nowhere/ghost.gguf" } } }""", "model \"ghost:latest\" cannot be used");
    }

    [Fact]
    public async Task A_new_key_replaces_the_old_one()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true, Configuration = """{ "apiKey": "old-key" }""" });

        await ReloadAsync(daemon, """{ "apiKey": "new-key" }""", "changed: apiKey.");

        Assert.Equal(401, await StatusWithKeyAsync(daemon, "old-key"));
        Assert.Equal(200, await StatusWithKeyAsync(daemon, "new-key"));
        Assert.DoesNotContain("new-key", daemon.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_stays_while_the_file_is_gone()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true, Configuration = """{ "apiKey": "one" }""" });
        int before = daemon.Log.Length;

        File.Delete(Path.Join(daemon.FolderPath, "model-runner.json"));
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await DaemonFixture.WaitUntilAsync(
            () => Task.FromResult(daemon.Log[before..].Contains("is not used (problems: 1)", StringComparison.Ordinal)), DaemonFixture.Patience);

        Assert.Contains("model-runner.json: does not exist any more", daemon.Log, StringComparison.Ordinal);
        Assert.Equal((401, 200), (await StatusWithKeyAsync(daemon, "two"), await StatusWithKeyAsync(daemon, "one")));
    }

    [Fact]
    public async Task A_signal_during_the_start_is_done_after_it()
    {
        using var folder = new TemporaryFolder();
        string asked = Path.Join(folder.Path, "asked");
        string released = Path.Join(folder.Path, "released");
        string engine = folder.WriteExecutable("llama-server");
        await File.WriteAllTextAsync(
            engine, $"#!/bin/sh\necho $PPID > {asked}.new; mv {asked}.new {asked}\nwhile [ ! -e {released} ]; do sleep 0.01; done\necho '-t, --threads N'\n",
            Cancellation);
        Task<DaemonFixture> starting = DaemonFixture.StartAsync(new DaemonSetup
        {
            Folder = folder,
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["LLAMA_SERVER_PATH"] = engine, ["LLAMA_ARGS"] = "--threads 2" },
        });
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(File.Exists(asked)), DaemonFixture.Patience);

        int process = int.Parse(await File.ReadAllTextAsync(asked, Cancellation), CultureInfo.InvariantCulture);
        await DaemonFixture.SignalAsync(process, "HUP");
        await File.WriteAllTextAsync(released, "", Cancellation);

        await using DaemonFixture daemon = await starting;
        Assert.Equal(process, daemon.ProcessId);
        await daemon.WaitForLogAsync("The configuration was read again");
    }

    private static Task<DaemonFixture> StartAsync(string configuration) => DaemonFixture.StartAsync(new DaemonSetup { Configuration = configuration });

    private static async Task ReloadAsync(DaemonFixture daemon, string configuration, string expected)
    {
        int before = daemon.Log.Length;
        await File.WriteAllTextAsync(Path.Join(daemon.FolderPath, "model-runner.json"), configuration, Cancellation);
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await DaemonFixture.WaitUntilAsync(
            () => Task.FromResult(daemon.Log[before..].Contains(expected, StringComparison.Ordinal)), DaemonFixture.Patience);
    }

    private static string Server(string model, StubProcess stub) =>
        $$"""{ "backend": "vllm", "model": "{{model}}", "mode": "completion", "endpoint": "unix:{{stub.SocketPath}}" }""";

    private static string ChatWith(string model) => Chat.Replace("tiny-chat", model, StringComparison.Ordinal);

    private static string Failures(string model, int count) =>
        $"model_runner_scrape_failures_total{{backend=\"vllm\",model=\"{model}:latest\",mode=\"completion\",reason=\"status\"}} {count}\n";

    private static bool IsInference(JsonElement request) => request.GetProperty("method").GetString() == "POST";

    private static async Task<JsonElement> RunnerAsync(DaemonFixture daemon, string model) => Assert.Single(
        await daemon.RunnersAsync(), runner => runner.GetProperty("model_name").GetString() == $"{model}:latest");

    // A reading of a runner is shared for a second, so the next failure is counted later.
    private static Task WaitForRestOfIntervalAsync(DaemonFixture daemon, string expected) => DaemonFixture.WaitUntilAsync(
        async () => (await PageAsync(daemon)).Contains(expected, StringComparison.Ordinal), DaemonFixture.Patience);

    private static Task WaitUntilInFlightAsync(StubProcess stub) => DaemonFixture.WaitUntilAsync(
        async () => (await stub.RequestsAsync()).Any(IsInference), DaemonFixture.Patience);

    private static async Task<string[]> ProblemsAsync(DaemonFixture daemon) =>
    [
        .. (await daemon.GetAsync("engines/problems")).GetProperty("problems").EnumerateArray()
            .Where(static problem => problem.GetProperty("about").GetString() == "configuration").Select(static problem => problem.GetProperty("text").GetString()!),
    ];

    private static async Task ReleaseAsync(StubProcess stub)
    {
        using HttpResponseMessage response = await stub.Client.PostAsync(new Uri("stub/release", UriKind.Relative), content: null, Cancellation);
        response.EnsureSuccessStatusCode();
    }

    private static Task<string> PageAsync(DaemonFixture daemon) => daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);

    private static async Task<double> ValueAsync(DaemonFixture daemon, string name)
    {
        string line = (await PageAsync(daemon)).Split('\n').Single(line => line.StartsWith(name + " ", StringComparison.Ordinal));
        return double.Parse(line[(name.Length + 1)..], CultureInfo.InvariantCulture);
    }

    private static async Task<int> StatusWithKeyAsync(DaemonFixture daemon, string key)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(daemon.TcpAddress, "v1/models"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using HttpResponseMessage response = await client.SendAsync(request, Cancellation);
        return (int)response.StatusCode;
    }
}
