using System.Text.Json;
using ModelRunner.Daemon.Tests.Hosting;
using ModelRunner.Testing;
using ModelRunner.Testing.Registries;

namespace ModelRunner.Daemon.Tests.Api;

/// <summary>Requests for models that are not there, with <c>pullOnRequest</c>.</summary>
public sealed class PullOnRequestTests
{
    private const string Path = "v1/chat/completions";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_stream_gets_comments_while_its_model_is_pulled_and_then_its_events()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        string name = await PushAsync(registry);
        await using DaemonFixture daemon = await StartAsync(""", "pull": { "limit": "128KiB/s" }""");

        using HttpResponseMessage response = await daemon.SendAsync(Path, Body(name, isStream: true), HttpCompletionOption.ResponseHeadersRead, Token);
        string events = await response.Content.ReadAsStringAsync(Token);

        Assert.Equal(200, (int)response.StatusCode);
        Assert.StartsWith(": waiting for the model\n\n", events, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", events, StringComparison.Ordinal);
        Assert.DoesNotContain("error", events, StringComparison.Ordinal);
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Token);
        Assert.Contains("model_runner_pulls_total{result=\"success\"} 1\n", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_stream_the_response_comes_after_the_pull_and_nothing_is_pulled_by_default_or_for_a_client_that_forbids_it()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        string name = await PushAsync(registry);
        await using (DaemonFixture usual = await DaemonFixture.StartAsync())
            Assert.Equal(404, (await usual.PostAsync(Path, Body(name))).Status);

        await using DaemonFixture daemon = await StartAsync("");
        using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = new StringContent(Body(name)) };
        request.Headers.Add("X-Model-Runner-No-Pull", "true");
        using HttpResponseMessage refused = await daemon.Client.SendAsync(request, Token);
        Assert.Equal(404, (int)refused.StatusCode);
        Assert.Equal(200, (await daemon.PostAsync(Path, Body(name))).Status);
    }

    [Fact]
    public async Task A_pull_that_fails_is_the_error_of_the_request_and_is_not_repeated_at_once()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        await using FaultProxy proxy = await FaultProxy.StartAsync(registry.Address);
        await using DaemonFixture daemon = await StartAsync("");

        (int status, JsonElement body) = await daemon.PostAsync("v1/messages", Body($"{proxy.Host}/ai/none"));
        int asked = proxy.Requests.Count;
        (int again, JsonElement repeated) = await daemon.PostAsync(Path, Body($"{proxy.Host}/ai/none"));
        Assert.Matches(
            $"; this is the result of an earlier request, and requests pull again in [0-9]+ s; \"model-runner pull {proxy.Host}/ai/none(:latest)?\" pulls at once$",
            repeated.GetProperty("error").GetProperty("message").GetString());

        Assert.Equal((404, 404), (status, again));
        Assert.Equal("not_found_error", body.GetProperty("error").GetProperty("type").GetString());
        Assert.Contains($"model \"{proxy.Host}/ai/none\" is not there, and its pull failed: ", body.ToString().Replace("\\u0022", "\"", StringComparison.Ordinal)
            .Replace("\\\"", "\"", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.NotEqual(0, asked);
        Assert.Equal(asked, proxy.Requests.Count);
    }

    [Fact]
    public async Task The_wait_without_a_stream_has_a_limit_and_the_pull_goes_on_while_others_wait()
    {
        var silence = new TaskCompletionSource();
        await using LoopbackServer registry = await LoopbackServer.StartAsync(_ => silence.Task);
        await using DaemonFixture daemon = await StartAsync(""", "limits": { "queueTimeout": "1s" }""");
        string name = $"127.0.0.1:{registry.Address.Port}/ai/a";
        using var leaving = new CancellationTokenSource();
        Task<HttpResponseMessage> other = daemon.SendAsync(Path, Body(name, isStream: true), HttpCompletionOption.ResponseHeadersRead, leaving.Token);
        await daemon.WaitForPageAsync("model_runner_pulls_in_progress 1\n");

        (int status, JsonElement body) = await daemon.PostAsync(Path, Body(name));

        Assert.Equal(503, status);
        Assert.Contains("takes longer than limits.queueTimeout", body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        await daemon.WaitForPageAsync("model_runner_pulls_in_progress 1\n");
        await leaving.CancelAsync();
        await daemon.WaitForPageAsync("model_runner_pulls_total{result=\"cancelled\"} 1\n");
        silence.SetResult();
        await other.ContinueWith(static _ => { }, TaskScheduler.Default);
    }

    [Fact]
    public async Task Bodies_that_wait_for_a_pull_leave_memory_to_others()
    {
        var silence = new TaskCompletionSource();
        await using LoopbackServer registry = await LoopbackServer.StartAsync(_ => silence.Task);
        await using DaemonFixture daemon = await StartAsync(""", "limits": { "maxBodyMemory": "64MiB" }""");
        string name = $"127.0.0.1:{registry.Address.Port}/ai/a";
        using var leaving = new CancellationTokenSource();
        Task<HttpResponseMessage> first = daemon.SendAsync(Path, Large(name), HttpCompletionOption.ResponseHeadersRead, leaving.Token);
        await daemon.WaitForPageAsync("model_runner_pulls_in_progress 1\n");

        (int status, JsonElement body) = await daemon.PostAsync(Path, Large(name));

        Assert.Equal((503, "body_memory"), (status, body.GetProperty("error").GetProperty("code").GetString()));
        Assert.Contains("may have 12451840 bytes together", body.GetProperty("error").GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(200, (await daemon.PostAsync(Path, Large("tiny-chat"))).Status);
        await leaving.CancelAsync();
        await daemon.WaitForPageAsync("model_runner_pulls_in_progress 0\n");
        silence.SetResult();
        await first.ContinueWith(static _ => { }, TaskScheduler.Default);

        static string Large(string model) => Body(model).Replace("\"hello\"", $"\"{new string('a', 7 << 20)}\"", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_limited_number_of_requests_waits_for_pulls()
    {
        var silence = new TaskCompletionSource();
        await using LoopbackServer registry = await LoopbackServer.StartAsync(_ => silence.Task);
        await using DaemonFixture daemon = await StartAsync(""", "limits": { "maxQueuedRequests": 1 }""");
        string name = $"127.0.0.1:{registry.Address.Port}/ai/a";
        using var leaving = new CancellationTokenSource();
        Task<HttpResponseMessage> first = daemon.SendAsync(Path, Body(name), HttpCompletionOption.ResponseHeadersRead, leaving.Token);
        await daemon.WaitForPageAsync("model_runner_pulls_in_progress 1\n");

        (int status, JsonElement body) = await daemon.PostAsync(Path, Body(name));

        Assert.Equal((503, "models_loading"), (status, body.GetProperty("error").GetProperty("code").GetString()));
        Assert.Contains(
            "1 requests wait for models that are being pulled, which is the limit", body.GetProperty("error").GetProperty("message").GetString(),
            StringComparison.Ordinal);
        await leaving.CancelAsync();
        await daemon.WaitForPageAsync("model_runner_pulls_in_progress 0\n");
        silence.SetResult();
        await first.ContinueWith(static _ => { }, TaskScheduler.Default);
    }

    [Fact]
    public async Task A_model_to_preload_that_is_not_there_is_pulled_in_the_background_and_loaded()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        string name = await PushAsync(registry);
        string models = $$""", "models": { "{{name}}": { "preload": true } }""";

        await using DaemonFixture daemon = await StartAsync(models);

        await DaemonFixture.WaitUntilAsync(
            async () => (await daemon.GetAsync("engines/ps")).EnumerateArray().Any(runner => runner.GetProperty("model_name").GetString()!.StartsWith(name, StringComparison.Ordinal)),
            DaemonFixture.Patience);
        Assert.Contains("is to be preloaded and is not there; it is pulled now", daemon.Log, StringComparison.Ordinal);
        Assert.Empty((await daemon.GetAsync("engines/problems")).GetProperty("problems").EnumerateArray());

        // It does not come back by itself.
        await daemon.CommandAsync("rm", "--force", name);
        await WaitForProblemAsync(daemon, $"Model {name}:latest is not preloaded: ", $"\"model-runner pull {name}:latest\" fetches it.");
    }

    [Fact]
    public async Task A_preloaded_model_that_was_here_at_the_start_and_is_removed_is_not_pulled()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        string name = await PushAsync(registry);
        using var folder = new TemporaryFolder();
        await using (DaemonFixture first = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder }))
            await first.PullAsync(name);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Folder = folder, Configuration = $$"""{ "pullOnRequest": true, "models": { "{{name}}": { "preload": true } } }""",
        });
        await DaemonFixture.WaitUntilAsync(
            async () => (await daemon.GetAsync("engines/ps")).EnumerateArray().Any(static runner => runner.GetProperty("state").GetString() == "ready"),
            DaemonFixture.Patience);

        await daemon.CommandAsync("rm", "--force", name);

        await WaitForProblemAsync(daemon, $"Model {name}:latest is not preloaded: ", $"\"model-runner pull {name}:latest\" fetches it.");
        Assert.DoesNotContain("it is pulled now", daemon.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pull_of_a_model_to_preload_that_fails_is_a_problem()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);

        await using DaemonFixture daemon = await StartAsync($$""", "models": { "{{registry.Host}}/ai/none": { "preload": true } }""");

        await WaitForProblemAsync(daemon, $"Model {registry.Host}/ai/none:latest is not preloaded yet: its pull failed: ", "; it is tried again within 1 min.");
    }

    /// <summary>The text of the client would be another model, in another registry.</summary>
    [Fact]
    public async Task A_request_for_an_alias_pulls_the_model_of_the_alias()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        string name = await PushAsync(registry);
        await using DaemonFixture daemon = await StartAsync($$""", "models": { "{{name}}": { "aliases": ["fast"] } }""");

        Assert.Equal(200, (await daemon.PostAsync(Path, Body("fast"))).Status);
    }

    [Fact]
    public async Task Without_pullOnRequest_the_log_names_the_command_that_pulls_a_model_to_preload()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Configuration = """{ "models": { "ai/none": { "preload": true } } }""",
        });

        await daemon.WaitForLogAsync("\"model-runner pull ai/none:latest\" fetches it, or set pullOnRequest");
    }

    /// <summary>A key for inference must not fill the disk, unless the operator named the model.</summary>
    [Fact]
    public async Task A_key_pulls_only_with_the_scope_admin_or_what_it_names()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        string name = await PushAsync(registry);
        string[] keys =
        [
            KeyedDaemon.Key("plain"), KeyedDaemon.Key("pattern", """, "models": ["*"]"""), KeyedDaemon.Key("named", $""", "models": ["{name}"]"""),
        ];
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true,
            Configuration = $$"""{ "pullOnRequest": true, "keys": { {{string.Join(',', keys)}} } }""",
        });

        Assert.Equal(404, await AskAsync("plain"));
        Assert.Equal(404, await AskAsync("pattern"));
        Assert.Equal(200, await AskAsync("named"));

        async Task<int> AskAsync(string key) => (int)(await KeyedDaemon.SendAsync(daemon, Path, KeyedDaemon.KeyOf(key), Body(name))).Status;
    }

    /// <summary>The owner of the key controls the registry of a model that the key may use, and knows the digest of one that it may not use.</summary>
    [Fact]
    public async Task A_key_gets_no_file_that_is_here_under_another_name()
    {
        await using RegistryProcess registry = await RegistryProcess.StartAsync(cancellation: Token);
        RegistryModel secret = RegistryModel.MakeTinyChat();
        await secret.PushAsync(registry, Token);
        byte[]? layer = null;
        await using LoopbackServer theirs = await LoopbackServer.StartAsync(async context =>
        {
            string path = context.Request.Path.Value!;
            byte[]? bytes = path.Contains("/manifests/", StringComparison.Ordinal) ? secret.Manifest
                : path.EndsWith(secret.ConfigDigest, StringComparison.Ordinal) ? secret.Config
                : path.Contains("/ai/whole/", StringComparison.Ordinal) ? secret.Layer
                : layer;
            context.Response.StatusCode = bytes is null ? 404 : 200;
            context.Response.ContentType = RegistryModel.MediaType;
            await context.Response.Body.WriteAsync(bytes ?? []);
        });
        string name = $"127.0.0.1:{theirs.Address.Port}/ai/mine";
        string whole = $"127.0.0.1:{theirs.Address.Port}/ai/whole";
        string key = KeyedDaemon.Key("named", $""", "models": ["{name}", "{whole}"]""");
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true,
            Configuration = $$"""{ "pullOnRequest": true, "keys": { {{key}} } }""",
        });
        await daemon.CommandAsync("pull", $"{registry.Host}/{secret.Repository}");

        Assert.Equal(404, await AskAsync(name));
        Assert.DoesNotContain(name, await daemon.CommandAsync("ls"), StringComparison.Ordinal);

        // With the bytes, it is a model like any other.
        Assert.Equal(200, await AskAsync(whole));
        Assert.Contains(whole, await daemon.CommandAsync("ls"), StringComparison.Ordinal);

        // An administrator may give the name, too.
        layer = secret.Layer;
        await daemon.CommandAsync("pull", name);
        Assert.Equal(200, await AskAsync(name));

        async Task<int> AskAsync(string model) => (int)(await KeyedDaemon.SendAsync(daemon, Path, KeyedDaemon.KeyOf("named"), Body(model))).Status;
    }

    private static Task<DaemonFixture> StartAsync(string more) => DaemonFixture.StartAsync(new DaemonSetup { Configuration = $$"""{ "pullOnRequest": true{{more}} }""" });

    private static Task WaitForProblemAsync(DaemonFixture daemon, string start, string end) => DaemonFixture.WaitUntilAsync(
        async () => (await daemon.GetAsync("engines/problems")).GetProperty("problems").EnumerateArray().Any(
            problem => problem.GetProperty("text").GetString() is { } text && text.StartsWith(start, StringComparison.Ordinal) && text.EndsWith(end, StringComparison.Ordinal)),
        DaemonFixture.Patience);

    private static async Task<string> PushAsync(RegistryProcess registry)
    {
        RegistryModel model = RegistryModel.MakeTinyChat();
        await model.PushAsync(registry, Token);
        return $"{registry.Host}/{model.Repository}";
    }

    private static string Body(string model, bool isStream = false) =>
        $$"""{"model":"{{model}}","stream":{{(isStream ? "true" : "false")}},"max_tokens":8,"messages":[{"role":"user","content":"hello"}]}""";
}
