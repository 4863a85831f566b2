using System.Net;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary><c>/engines/_configure</c> of a real daemon with stub runners.</summary>
public sealed class ConfigureTests
{
    private const string Route = "engines/_configure";
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"hi"}],"max_tokens":1}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_change_applies_at_the_next_load_and_stays_after_a_reload_of_the_file()
    {
        const string Written = """{ "models": { "tiny-chat": { "contextSize": 32, "args": ["--threads", "3"], "keepAlive": "1m" } } }""";
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = Written });
        await daemon.PostAsync("v1/chat/completions", Chat);
        int process = await daemon.RunnerProcessAsync();

        await ChangeAsync(daemon, """{"model":"tiny-chat","context-size":64,"raw-runtime-flags":"--temp '0.5'"}""");
        await ChangeAsync(daemon, """{"model":"Tiny-Chat:latest","keep_alive":"2m"}""", "engines/llama.cpp/_configure");

        // The idle runner is stopped, as after a reload.
        await ProcessTable.WaitUntilGoneAsync(process, DaemonFixture.Patience);
        await daemon.PostAsync("v1/chat/completions", Chat);
        string arguments = string.Join(' ', ProcessTable.ArgumentsOf(await daemon.RunnerProcessAsync()));
        Assert.Contains("--ctx-size 256", arguments, StringComparison.Ordinal);
        Assert.Contains("--threads 3", arguments, StringComparison.Ordinal);
        Assert.EndsWith("--temp 0.5", arguments, StringComparison.Ordinal);
        Assert.Equal("2m", Assert.Single(await daemon.RunnersAsync()).GetProperty("keep_alive").GetString());

        process = await daemon.RunnerProcessAsync();
        await File.WriteAllTextAsync(
            Path.Join(daemon.FolderPath, "model-runner.json"), Written.Replace("32", "16", StringComparison.Ordinal), Cancellation);
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await daemon.WaitForLogAsync("changed: models");
        await daemon.PostAsync("v1/chat/completions", Chat);
        Assert.Equal(process, await daemon.RunnerProcessAsync());

        Assert.Equal("""{"context-size":64,"runtime-flags":["--temp","0.5"],"keep_alive":"2m"}""", await ConfigAsync(daemon));
        await ResetAsync(daemon, "?model=tiny-chat", 1);
        await ProcessTable.WaitUntilGoneAsync(process, DaemonFixture.Patience);
        await daemon.PostAsync("v1/chat/completions", Chat);
        Assert.Contains("64", ProcessTable.ArgumentsOf(await daemon.RunnerProcessAsync()), StringComparer.Ordinal);
        Assert.Equal(0, (await daemon.GetAsync(Route)).GetArrayLength());
    }

    [Fact]
    public async Task A_runner_in_use_is_outdated_until_it_is_idle_and_the_decisions_say_why()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup().WithFaults("""{"token_delay_ms": 100}"""));
        using HttpResponseMessage stream = await daemon.StreamAsync(
            "v1/chat/completions", """{"model":"tiny-chat","messages":[],"max_tokens":100000,"stream":true}""");
        int process = await daemon.BusyRunnerProcessAsync();
        Assert.False(Assert.Single(await daemon.RunnersAsync()).TryGetProperty("outdated", out _));

        await ChangeAsync(daemon, """{"model":"tiny-chat","context-size":64}""");

        Assert.True(Assert.Single(await daemon.RunnersAsync()).GetProperty("outdated").GetBoolean());
        Assert.True(ProcessTable.IsAlive(process));
        stream.Dispose();
        await ProcessTable.WaitUntilGoneAsync(process, DaemonFixture.Patience);
        JsonElement[] decisions = [.. (await daemon.GetAsync("engines/decisions?model=tiny-chat")).GetProperty("decisions").EnumerateArray()];
        JsonElement configured = Assert.Single(decisions, static decision => decision.GetProperty("decision").GetString() == "configure");
        Assert.Equal(
            "a client changed its settings: context-size 64; a loaded runner keeps its old ones until it is idle", configured.GetProperty("text").GetString());
        Assert.Contains(decisions, static decision =>
            decision.GetProperty("decision").GetString() == "stop" && decision.GetProperty("reason").GetString() == "outdated");
        await daemon.WaitForLogAsync("Model tiny-chat:latest: a client changed its settings: context-size 64 (key: none).");
    }

    [Fact]
    public async Task The_list_has_the_shape_of_docker_model_runner()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await ChangeAsync(daemon, """{"model":"tiny-embed","keep_alive":"-1"}""");
        await ChangeAsync(daemon, """{"model":"tiny-chat","llamacpp":{"reasoning-budget":0}}""");

        Dictionary<string, string> ids = (await daemon.GetAsync("models")).EnumerateArray().ToDictionary(
            static model => model.GetProperty("tags")[0].GetString()!, static model => model.GetProperty("id").GetString()!, StringComparer.Ordinal);
        Assert.Equal(
            $$$$"""
            [{"Backend":"llama.cpp","Model":"tiny-chat:latest","ModelID":"{{{{ids["tiny-chat:latest"]}}}}","Mode":"completion","Config":{"llamacpp":{"reasoning-budget":0}}},{"Backend":"llama.cpp","Model":"tiny-embed:latest","ModelID":"{{{{ids["tiny-embed:latest"]}}}}","Mode":"embedding","Config":{"keep_alive":"-1"}}]
            """,
            (await daemon.GetAsync(Route)).GetRawText());
        Assert.Equal(1, (await daemon.GetAsync(Route + "?model=tiny-embed")).GetArrayLength());
        Assert.Equal(2, (await daemon.GetAsync("engines/llama.cpp/_configure")).GetArrayLength());
        await ResetAsync(daemon, "", 2);
        await ResetAsync(daemon, "", 0);
    }

    [Theory]
    [InlineData(Route, """{"model":"ghost","keep_alive":"1m"}""", 404, "there is no model \"ghost:latest\"")]
    [InlineData("engines/vllm/_configure", """{"model":"tiny-chat","keep_alive":"1m"}""", 400, "runs with backend llama.cpp; send the request to /engines/llama.cpp/_configure")]
    [InlineData("engines/nope/_configure", """{"model":"tiny-chat","keep_alive":"1m"}""", 404, "there is no backend \"nope\"")]
    [InlineData(Route, """{"model":"far","keep_alive":"1m"}""", 400, "is served by an attached server")]
    [InlineData(Route, """{"model":"own","context-size":64}""", 400, "only \"keep_alive\" can be changed")]
    [InlineData(Route, """{"model":"tiny-chat","mode":"embedding"}""", 400, "cannot be run in mode embedding")]
    [InlineData(Route, """{"model":"tiny-chat","context-size":64,"runtime-flags":["-c","64"]}""", 400, "has both \"context-size\" and the flag --ctx-size")]
    public async Task What_cannot_have_an_effect_is_refused(string route, string body, int status, string sentence)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = """
                {
                  "engines": { "mine": { "command": ["/bin/true", "{socket}"] } },
                  "models": { "own": { "engine": "mine", "mode": "completion" } },
                  "runners": [{ "backend": "vllm", "model": "far", "mode": "completion", "endpoint": "unix:/nowhere.sock" }]
                }
                """,
        });

        (int found, JsonElement answer) = await daemon.PostAsync(route, body);

        Assert.Equal(status, found);
        Assert.Contains(sentence, answer.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, (await daemon.GetAsync(Route)).GetArrayLength());
    }

    [Fact]
    public async Task A_flag_that_this_engine_does_not_know_is_refused_with_its_new_name()
    {
        using var folder = new TemporaryFolder();
        string engine = folder.WriteExecutable("llama-server");
        await File.WriteAllTextAsync(
            engine, "#!/bin/sh\nfor f in threads load-mode temp top-k top-p min-p seed keep; do echo \"--$f N\"; done\n", Cancellation);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["LLAMA_SERVER_PATH"] = engine },
        });

        (int status, JsonElement answer) = await daemon.PostAsync(Route, """{"model":"tiny-chat","runtime-flags":["--mlock"]}""");

        Assert.Equal(400, status);
        Assert.Equal(
            "runtime-flags: \"--mlock\" is not known to this llama-server; write --load-mode mlock instead.",
            answer.GetProperty("error").GetProperty("message").GetString());
        await ChangeAsync(daemon, """{"model":"tiny-chat","runtime-flags":["--load-mode","mlock"]}""");
        Assert.Equal("""{"runtime-flags":["--load-mode","mlock"]}""", await ConfigAsync(daemon));
    }

    [Fact]
    public async Task A_changed_model_whose_file_is_removed_is_unknown_as_every_other_one()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await ChangeAsync(daemon, """{"model":"tiny-embed","keep_alive":"1m"}""");
        File.Delete(Path.Join(daemon.FolderPath, "models", "tiny-embed.gguf"));

        await DaemonFixture.WaitUntilAsync(
            async () => (await daemon.GetAsync("v1/models")).GetProperty("data").GetArrayLength() == 1, DaemonFixture.Patience);

        Assert.Equal(404, (await daemon.PostAsync("v1/embeddings", """{"model":"tiny-embed","input":"a"}""")).Status);
        Assert.False((await daemon.GetAsync("v1/models")).TryGetProperty("problems", out _));
        Assert.Equal(1, (await daemon.GetAsync(Route)).GetArrayLength());
        await ResetAsync(daemon, "?model=tiny-embed", 1);
    }

    [Fact]
    public async Task A_change_of_the_keep_alive_time_keeps_the_loaded_runner()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.PostAsync("v1/chat/completions", Chat);
        int process = await daemon.RunnerProcessAsync();

        await ChangeAsync(daemon, """{"model":"tiny-chat","keep_alive":"-1"}""");
        await daemon.PostAsync("v1/chat/completions", Chat);

        JsonElement runner = Assert.Single(await daemon.RunnersAsync());
        Assert.Equal((process, "-1"), (runner.GetProperty("pid").GetInt32(), runner.GetProperty("keep_alive").GetString()));
    }

    [Fact]
    public async Task The_routes_need_the_scope_admin()
    {
        await using DaemonFixture daemon = await KeyedDaemon.StartAsync(
            KeyedDaemon.Key("ada"), KeyedDaemon.Key("root", """, "scopes": ["admin"]"""));

        foreach (string? body in (string?[])[null, """{"model":"tiny-chat","keep_alive":"1m"}"""])
        {
            KeyedDaemon.AssertRefused(
                await KeyedDaemon.SendAsync(daemon, Route, "key-of-ada", body), HttpStatusCode.Forbidden, "scope_not_allowed",
                "the key \"ada\" has the scopes inference, and this route needs admin; use another key, or ask for this scope");
        }

        Assert.Equal(HttpStatusCode.Accepted, (await KeyedDaemon.SendAsync(daemon, Route, "key-of-root", """{"model":"tiny-chat","keep_alive":"1m"}""")).Status);
        await daemon.WaitForLogAsync("(key: root).");
    }

    [Fact]
    public async Task A_parameter_that_is_misspelled_resets_nothing()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup());
        await ChangeAsync(daemon, """{"model":"tiny-chat","keep_alive":"1m"}""");

        using HttpResponseMessage response = await daemon.Client.DeleteAsync(new Uri(Route + "?modle=tiny-embed", UriKind.Relative), Cancellation);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("\"param\":\"modle\"", await response.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        await ResetAsync(daemon, "", 1);
    }

    [Theory]
    [InlineData("?model=", 400, "the parameter model is empty; name one model, or leave it out for all")]
    [InlineData("?model=tiny-chat&model=tiny-embed", 400, "the parameter model is written several times; name one model, or leave it out for all")]
    [InlineData("?model=nope", 404, "there is no model \"nope:latest\"")]
    [InlineData("?model=tiny-cat", 404, "; did you mean ")]
    public async Task A_name_that_means_no_model_shows_and_resets_nothing(string query, int status, string sentence)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await ChangeAsync(daemon, """{"model":"tiny-chat","keep_alive":"1m"}""");
        foreach (HttpMethod method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Delete])
        {
            using var request = new HttpRequestMessage(method, Route + query);
            using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);
            using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancellation));
            Assert.Equal(status, (int)response.StatusCode);
            Assert.Contains(sentence, answer.RootElement.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        }

        await ResetAsync(daemon, "?model=tiny-embed", 0);
        await ResetAsync(daemon, "", 1);
    }

    private static async Task ChangeAsync(DaemonFixture daemon, string body, string route = Route)
    {
        using HttpResponseMessage response = await daemon.SendAsync(route, body, HttpCompletionOption.ResponseContentRead, Cancellation);
        string text = await response.Content.ReadAsStringAsync(Cancellation);
        Assert.Equal((HttpStatusCode.Accepted, ""), (response.StatusCode, text));
    }

    private static async Task ResetAsync(DaemonFixture daemon, string query, int count)
    {
        using HttpResponseMessage response = await daemon.Client.DeleteAsync(new Uri(Route + query, UriKind.Relative), Cancellation);
        Assert.Equal($$"""{"reset_models":{{count}}}""", await response.Content.ReadAsStringAsync(Cancellation));
    }

    private static async Task<string> ConfigAsync(DaemonFixture daemon) =>
        Assert.Single((await daemon.GetAsync(Route)).EnumerateArray()).GetProperty("Config").GetRawText();
}
