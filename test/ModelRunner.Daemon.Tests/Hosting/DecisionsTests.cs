using System.Net;
using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary><c>GET /engines/decisions</c> of a daemon that loads, evicts, refuses and loses runners.</summary>
public sealed class DecisionsTests
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"hi"}],"max_tokens":1}""";
    private const string Embed = """{"model":"tiny-embed","input":"a"}""";

    [Fact]
    public async Task An_eviction_is_explained_from_both_sides()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = """{"limits":{"maxRunners":1,"swapDelay":0,"minStay":0}}""" });
        await daemon.PostAsync("v1/chat/completions", Chat);
        await daemon.PostAsync("v1/embeddings", Embed);

        JsonElement[] all = await ListAsync(daemon, "engines/decisions");
        Assert.Equal(
            ["start tiny-chat:latest", "ready tiny-chat:latest", "stop tiny-chat:latest", "wait tiny-embed:latest", "start tiny-embed:latest", "ready tiny-embed:latest"],
            all.Reverse().Select(static decision => $"{Text(decision, "decision")} {Text(decision, "model")}"));
        JsonElement stop = all.Single(static decision => Text(decision, "decision") == "stop");
        Assert.Equal(
            ("evicted", "tiny-embed:latest", "it makes room for tiny-embed:latest"), (Text(stop, "reason"), Text(stop, "other_model"), Text(stop, "text")));
        JsonElement wait = all.Single(static decision => Text(decision, "decision") == "wait");
        Assert.Equal(("stopping", 1, 1), (Text(wait, "reason"), wait.GetProperty("runners").GetInt32(), wait.GetProperty("max_runners").GetInt32()));
        Assert.True(wait.GetProperty("used_bytes").GetInt64() > 1 << 20);
        JsonElement start = all[1];
        Assert.EndsWith("and 0 of 1 places; stopped for it: tiny-chat:latest", Text(start, "text"), StringComparison.Ordinal);
        Assert.True(start.GetProperty("needed_bytes").GetInt64() > 1 << 20);
        Assert.Equal(["ready", "start", "wait", "stop"], (await ListAsync(daemon, "engines/decisions?model=tiny-embed")).Select(static item => Text(item, "decision")));
        Assert.Single(await ListAsync(daemon, "engines/decisions?limit=1"));
    }

    [Fact]
    public async Task The_stay_of_a_model_that_was_just_loaded_is_explained()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Configuration = """{"limits":{"maxRunners":1}}""" }.WithFaults("""{"load_delay_ms":4000}"""));
        await daemon.PostAsync("v1/chat/completions", Chat);
        await daemon.PostAsync("v1/embeddings", Embed);

        JsonElement[] waits = [.. (await ListAsync(daemon, "engines/decisions?model=tiny-embed")).Where(static item => Text(item, "decision") == "wait").Reverse()];
        Assert.Equal(["staying", "stopping"], waits.Select(static item => Text(item, "reason")));
        Assert.StartsWith("idle runners that were loaded or used just now keep the memory", Text(waits[0], "text"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Equal_refusals_are_one_entry_with_their_advice()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Configuration = """{"limits":{"memory":"20MiB"}}""" });
        for (int i = 0; i < 3; i++)
            Assert.Equal(503, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);

        JsonElement refusal = Assert.Single(await ListAsync(daemon, "engines/decisions"));
        Assert.Equal(("refuse", "out_of_memory", 3), (Text(refusal, "decision"), Text(refusal, "reason"), refusal.GetProperty("count").GetInt32()));
        Assert.Matches("the limit for all models together is 20 MiB.*; it does not fit with one slot", Text(refusal, "text"));
    }

    [Fact]
    public async Task A_runner_that_is_killed_is_a_failure_with_its_cause()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup());
        await daemon.PostAsync("v1/chat/completions", Chat);
        int process = await daemon.RunnerProcessAsync();
        await DaemonFixture.SignalAsync(process, "KILL");
        JsonElement[] all = [];
        await DaemonFixture.WaitUntilAsync(
            async () => (all = await ListAsync(daemon, "engines/decisions")).Any(static decision => Text(decision, "decision") == "fail"), DaemonFixture.Patience);

        Assert.Equal("killed", Text(all[0], "reason"));
        Assert.Contains("SIGKILL", Text(all[0], "text"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_runner_that_is_unloaded_while_it_loads_has_not_failed()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup().WithFaults("""{"never_ready":true}"""));
        Task<(int Status, JsonElement Body)> request = daemon.PostAsync("v1/chat/completions", Chat);
        await DaemonFixture.WaitUntilAsync(async () => (await ListAsync(daemon, "engines/decisions")).Length > 0, DaemonFixture.Patience);
        await daemon.PostAsync("engines/unload", """{"all":true}""");

        Assert.Equal(503, (await request).Status);
        Assert.Equal(["start", "refuse", "stop"], (await ListAsync(daemon, "engines/decisions")).Reverse().Select(static item => Text(item, "decision")));
    }

    [Fact]
    public async Task An_unload_names_the_key_that_requested_it()
    {
        await using DaemonFixture daemon = await KeyedDaemon.StartAsync(KeyedDaemon.Key("ada", """, "scopes": ["inference", "admin"]"""));
        await daemon.PostAsync("v1/chat/completions", Chat);
        Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon, "engines/unload", "key-of-ada", """{"all":true}""")).Status);
        await daemon.PostAsync("v1/chat/completions", Chat);
        await daemon.PostAsync("engines/unload", """{"all":true}""");

        JsonElement[] stops = [.. (await ListAsync(daemon, "engines/decisions")).Where(static item => Text(item, "decision") == "stop").Reverse()];
        Assert.Equal(("ada", "an unload was requested with the key \"ada\""), (Text(stops[0], "key"), Text(stops[0], "text")));
        Assert.Equal("an unload was requested", Text(stops[1], "text"));
        Assert.False(stops[1].TryGetProperty("key", out _));
    }

    [Fact]
    public async Task Starts_waits_refusals_and_changes_name_the_request_and_its_key()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true,
            Configuration = $$"""
                {
                  "limits": { "maxRunners": 1, "swapDelay": 0, "minStay": 0 }, "models": { "big": { "path": "{{Path.Join(Repository.Root, "models/tiny-chat.gguf")}}", "args": ["--cache-ram", "900000"] } },
                  "keys": {
                {{KeyedDaemon.Key("ada", """, "scopes": ["inference", "admin"]""")}},
                {{KeyedDaemon.Key("bob")}}
                  }
                }
                """,
        });
        string[] ids =
        [
            await SendAsync(daemon, "v1/chat/completions", "ada", Chat), await SendAsync(daemon, "v1/embeddings", "bob", Embed),
            await SendAsync(daemon, "v1/chat/completions", "bob", Chat.Replace("tiny-chat", "big", StringComparison.Ordinal)),
            await SendAsync(daemon, "engines/_configure", "ada", """{"model":"tiny-chat","keep_alive":"1m"}"""),
        ];

        JsonElement[] all = await ListAsync(daemon, "engines/decisions");
        Assert.Equal(
            [("start", "ada", ids[0]), ("wait", "bob", ids[1]), ("start", "bob", ids[1]), ("refuse", "bob", ids[2]), ("configure", "ada", ids[3])],
            all.Reverse().Where(static item => item.TryGetProperty("request_id", out _))
                .Select(static item => (Text(item, "decision"), Text(item, "key"), Text(item, "request_id"))));
        (int code, string output, _) = await daemon.RunClientAsync(daemon.FolderPath, "why", "big");
        Assert.Equal(0, code);
        Assert.Matches(@"MODEL +DECISION +KEY +BECAUSE\n.*big:latest +refuse +bob ", output);
    }

    [Fact]
    public async Task Another_name_of_a_model_selects_its_decisions()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Configuration = """{"models":{"tiny-chat":{"aliases":["small"]}}}""" });
        await daemon.PostAsync("v1/chat/completions", Chat);

        Assert.Equal(["ready", "start"], (await ListAsync(daemon, "engines/decisions?model=small")).Select(static item => Text(item, "decision")));
        Assert.Empty(await ListAsync(daemon, "engines/decisions?model=tiny-embed"));
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=501", "limit")]
    [InlineData("limit=x", "limit")]
    [InlineData("model=%00", "model")]
    [InlineData("why=1", "why")]
    public async Task A_wrong_parameter_is_named(string query, string parameter)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup());

        using HttpResponseMessage response = await daemon.Client.GetAsync(new Uri($"engines/decisions?{query}", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        using var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(parameter, body.RootElement.GetProperty("error").GetProperty("param").GetString());
    }

    private static async Task<string> SendAsync(DaemonFixture daemon, string path, string key, string body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(daemon.TcpAddress, path)) { Content = new StringContent(body) };
        request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {KeyedDaemon.KeyOf(key)}");
        using var client = new HttpClient { Timeout = DaemonFixture.Patience };
        using HttpResponseMessage response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return response.Headers.GetValues("x-request-id").Single();
    }

    private static async Task<JsonElement[]> ListAsync(DaemonFixture daemon, string path)
    {
        using var document = JsonDocument.Parse(await daemon.Client.GetStringAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken));
        return [.. document.RootElement.GetProperty("decisions").EnumerateArray().Select(static decision => decision.Clone())];
    }

    private static string Text(JsonElement decision, string member) => decision.GetProperty(member).GetString()!;
}
