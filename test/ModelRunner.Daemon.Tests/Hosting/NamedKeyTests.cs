using System.Net;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>What the holders of named keys may do, in the real daemon.</summary>
public sealed class NamedKeyTests
{
    private const string Remedy = "send the header \"Authorization: Bearer KEY\" with your key, which the operator of this daemon gives you";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_scope_opens_its_routes_and_no_other()
    {
        await using DaemonFixture daemon = await KeyedDaemon.StartAsync(
            KeyedDaemon.Key("ada"), KeyedDaemon.Key("prom", """, "scopes": ["metrics"]"""), KeyedDaemon.Key("root", """, "scopes": ["admin"]"""),
            KeyedDaemon.Key("all", """, "scopes": ["inference", "metrics", "admin"]"""));
        (string Path, string? Body, string[] Allowed)[] routes =
        [
            (KeyedDaemon.Chat, KeyedDaemon.Body, ["ada", "all"]), ("engines/v1/chat/completions", KeyedDaemon.Body, ["ada", "all"]),
            ("tokenize", """{"model":"tiny-chat","content":"a"}""", ["ada", "all"]), ("metrics", null, ["prom", "all"]),
            ("usage", null, ["root", "all"]), ("engines/ps", null, ["root", "all"]), ("engines/decisions", null, ["root", "all"]),
            ("engines/_configure", null, ["root", "all"]), ("engines/llama.cpp/_configure", null, ["root", "all"]),
            ("engines/unload", """{"all":true}""", ["root", "all"]), ("v1/models", null, ["ada", "prom", "root", "all"]),
            ("models", null, ["ada", "prom", "root", "all"]), ("engines/v1/models/tiny-chat", null, ["ada", "prom", "root", "all"]),
            ("version", null, ["ada", "prom", "root", "all"]), ("engines/status", null, ["ada", "prom", "root", "all"]),
            ("", null, ["ada", "prom", "root", "all"]),
        ];
        foreach ((string path, string? body, string[] allowed) in routes)
        {
            foreach (string name in (string[])["ada", "prom", "root", "all"])
            {
                KeyedResponse response = await KeyedDaemon.SendAsync(daemon, path, KeyedDaemon.KeyOf(name), body);
                HttpStatusCode expected = allowed.Contains(name, StringComparer.Ordinal) ? HttpStatusCode.OK : HttpStatusCode.Forbidden;
                Assert.True(expected == response.Status, $"{name} got {response.Status} from {path}: {response.Text}");
            }

            foreach (string? key in (string?[])[null, "key-of-nobody", "key-of-ada "[..9], "KEY-OF-ADA"])
                Assert.Equal(HttpStatusCode.Unauthorized, (await KeyedDaemon.SendAsync(daemon, path, key, body)).Status);
        }

        KeyedDaemon.AssertRefused(
            await KeyedDaemon.SendAsync(daemon, "usage", "key-of-ada"), HttpStatusCode.Forbidden, "scope_not_allowed",
            "the key \"ada\" has the scopes inference, and this route needs admin; use another key, or ask for this scope");
        Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon, "health", key: null)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await KeyedDaemon.SendAsync(daemon, "nope", "key-of-ada")).Status);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, "key-of-ada")).Status);
    }

    [Fact]
    public async Task The_old_key_has_all_scopes_and_the_name_default()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true, Configuration = KeyedDaemon.Configuration(KeyedDaemon.Key("ada")),
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["MODEL_RUNNER_API_KEY"] = "old-key" },
        });

        Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, "old-key", KeyedDaemon.Body)).Status);
        foreach (string path in (string[])["metrics", "usage", "engines/ps", "v1/models"])
            Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon, path, "old-key")).Status);
        await AccountedPage.ReadAsync(daemon);
        Assert.Equal(4, (await KeyedDaemon.UsageAsync(daemon))["default"].GetProperty("generated_tokens").GetInt32());
    }

    [Fact]
    public async Task A_key_uses_and_sees_only_its_models()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true,
            Configuration = $$"""
                {
                  "models": { "tiny-chat": { "aliases": ["talk"] } },
                  "keys": {
                {{KeyedDaemon.Key("alias", """, "models": ["talk"]""")}},
                {{KeyedDaemon.Key("pattern", """, "models": ["*-embed", "nothing"]""")}}
                  }
                }
                """,
        });
        const string Embed = """{"model":"tiny-embed","input":"a"}""";

        foreach (string name in (string[])["tiny-chat", "talk", "ai/tiny-chat:latest", "docker.io/ai/tiny-chat"])
        {
            string body = KeyedDaemon.Body.Replace("tiny-chat", name, StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, "key-of-alias", body)).Status);
            KeyedDaemon.AssertRefused(
                await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, "key-of-pattern", body), HttpStatusCode.Forbidden, "model_not_allowed",
                $"the key \"pattern\" may not use model \"{name}\", only *-embed, nothing; use one of these, or ask for this model");
        }

        Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon, "v1/embeddings", "key-of-pattern", Embed)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await KeyedDaemon.SendAsync(daemon, "v1/embeddings", "key-of-alias", Embed)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await KeyedDaemon.SendAsync(daemon, "v1/models/tiny-embed", "key-of-alias")).Status);

        // A name of no model must not be answered in another way, nor with a suggestion.
        KeyedDaemon.AssertRefused(
            await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, "key-of-pattern", """{"model":"tiny-chatt"}"""), HttpStatusCode.Forbidden, "model_not_allowed",
            "the key \"pattern\" may not use model \"tiny-chatt\", only *-embed, nothing; use one of these, or ask for this model");
        foreach (string path in (string[])["v1/models", "models", "engines/llama.cpp/v1/models"])
        {
            string ofAlias = (await KeyedDaemon.SendAsync(daemon, path, "key-of-alias")).Text;
            Assert.Contains("tiny-chat", ofAlias, StringComparison.Ordinal);
            Assert.DoesNotContain("tiny-embed", ofAlias, StringComparison.Ordinal);
            Assert.DoesNotContain("tiny-chat", (await KeyedDaemon.SendAsync(daemon, path, "key-of-pattern")).Text, StringComparison.Ordinal);
        }

        AccountedPage page = await AccountedPage.ReadAsync(daemon);
        Assert.Equal(6, page.Sum(AccountedPage.Refused, "reason=\"model_not_allowed\""));
        Assert.Equal(6, page.Sum(AccountedPage.Requests, "outcome=\"refused\"", "status_class=\"4xx\""));
    }

    [Fact]
    public async Task A_key_for_some_models_does_not_learn_which_others_failed()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true,
            Configuration = $$"""
                {
                  "engines": { "x": { "command": ["no-such-server", "{socket}"] } },
                  "models": { "secret": { "engine": "x", "mode": "completion" } },
                  "keys": {
                {{KeyedDaemon.Key("ada", """, "models": ["tiny-chat"]""")}},
                {{KeyedDaemon.Key("bob")}}
                  }
                }
                """,
        });
        Assert.Equal(HttpStatusCode.BadGateway, (await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, "key-of-bob", """{"model":"secret"}""")).Status);

        Assert.Contains("secret:latest (completion) failed", (await KeyedDaemon.SendAsync(daemon, "engines/status", "key-of-bob")).Text, StringComparison.Ordinal);
        string ofAda = (await KeyedDaemon.SendAsync(daemon, "engines/status", "key-of-ada")).Text;
        Assert.Contains("\"x\":\"Error: x, 0 ready\"", ofAda.Replace(": \"", ":\"", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", ofAda, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ada", "5m")]
    [InlineData("root", "-1")]
    public async Task Only_a_key_with_admin_can_keep_a_model_loaded(string name, string shown)
    {
        await using DaemonFixture daemon = await KeyedDaemon.StartAsync(
            KeyedDaemon.Key("ada"), KeyedDaemon.Key("root", """, "scopes": ["inference", "admin"]"""));
        string body = KeyedDaemon.Body.Replace("\"max_tokens\"", "\"keep_alive\":-1,\"max_tokens\"", StringComparison.Ordinal);

        Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, KeyedDaemon.KeyOf(name), body)).Status);

        Assert.Equal(shown, Assert.Single(await daemon.RunnersAsync()).GetProperty("keep_alive").GetString());
    }

    [Fact]
    public async Task Refused_requests_to_models_are_counted_by_their_reason()
    {
        await using DaemonFixture daemon = await KeyedDaemon.StartAsync(
            KeyedDaemon.Key("old", """, "expires": "2020-01-01" """), KeyedDaemon.Key("prom", """, "scopes": ["metrics"]"""));

        KeyedDaemon.AssertRefused(
            await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, key: null, KeyedDaemon.Body), HttpStatusCode.Unauthorized, "missing_api_key",
            $"this daemon requires a key; {Remedy}");
        KeyedDaemon.AssertRefused(
            await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, "wrong", KeyedDaemon.Body), HttpStatusCode.Unauthorized, "invalid_api_key",
            $"the key is wrong; {Remedy}");
        KeyedDaemon.AssertRefused(
            await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, "key-of-old", KeyedDaemon.Body), HttpStatusCode.Unauthorized, "expired_api_key",
            "the key \"old\" expired at 2020-01-02T00:00:00Z; ask the operator of this daemon for a new one");
        await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, "key-of-prom", KeyedDaemon.Body);
        await KeyedDaemon.SendAsync(daemon, "metrics", "wrong");

        AccountedPage page = await AccountedPage.ReadAsync(daemon);
        foreach (string reason in (string[])["missing_api_key", "invalid_api_key", "expired_api_key", "scope_not_allowed"])
            Assert.Equal(1, page.Sum(AccountedPage.Refused, $"reason=\"{reason}\""));
        Assert.Equal(4, page.Sum(AccountedPage.Requests, "outcome=\"refused\"", "status_class=\"4xx\""));
        Assert.Empty(await daemon.RunnersAsync());
        Assert.Equal(1, (await KeyedDaemon.UsageAsync(daemon))["prom"].GetProperty("requests").GetInt32());
    }

    [Fact]
    public async Task On_the_socket_a_key_names_its_owner_and_limits_this_request_only()
    {
        await using DaemonFixture daemon = await KeyedDaemon.StartAsync(
            KeyedDaemon.Key("ada", """, "models": ["tiny-embed"]"""), KeyedDaemon.Key("bob"), KeyedDaemon.Key("old", """, "expires": "2020-01-01" """));

        Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon.Client, KeyedDaemon.Chat, key: null, KeyedDaemon.Body)).Status);
        Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon.Client, KeyedDaemon.Chat, "unknown", KeyedDaemon.Body)).Status);
        Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon.Client, KeyedDaemon.Chat, "key-of-bob", KeyedDaemon.Body)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await KeyedDaemon.SendAsync(daemon.Client, KeyedDaemon.Chat, "key-of-ada", KeyedDaemon.Body)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await KeyedDaemon.SendAsync(daemon.Client, "usage", "key-of-bob")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await KeyedDaemon.SendAsync(daemon.Client, "usage", "key-of-old")).Status);

        await AccountedPage.ReadAsync(daemon);
        IReadOnlyDictionary<string, JsonElement> usage = await KeyedDaemon.UsageAsync(daemon);
        Assert.Equal((2, 1, 1), (RequestsOf("none"), RequestsOf("bob"), RequestsOf("ada")));

        int RequestsOf(string name) => usage[name].GetProperty("requests").GetInt32();
    }

    [Fact]
    public async Task A_reload_changes_the_keys_and_an_invalid_one_changes_nothing()
    {
        using var folder = new TemporaryFolder();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true, Folder = folder, Configuration = KeyedDaemon.Configuration(KeyedDaemon.Key("ada"), KeyedDaemon.Key("bob")),
        });

        folder.Write("model-runner.json", KeyedDaemon.Configuration(KeyedDaemon.Key("carol")).Replace("sha256", "sha512", StringComparison.Ordinal));
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await daemon.WaitForLogAsync("The new configuration is not used");
        Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon, "version", "key-of-ada")).Status);

        folder.Write("model-runner.json", KeyedDaemon.Configuration(KeyedDaemon.Key("carol"), KeyedDaemon.Key("bob")));
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await daemon.WaitForLogAsync("changed: keys.");
        Assert.Equal(HttpStatusCode.Unauthorized, (await KeyedDaemon.SendAsync(daemon, "version", "key-of-ada")).Status);
        foreach (string name in (string[])["bob", "carol"])
            Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon, "version", KeyedDaemon.KeyOf(name))).Status);

        folder.Write("model-runner.json", KeyedDaemon.Configuration());
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await DaemonFixture.WaitUntilAsync(
            async () => (await KeyedDaemon.SendAsync(daemon, "version", "key-of-bob")).Status == HttpStatusCode.Unauthorized, DaemonFixture.Patience);
        Assert.Equal(HttpStatusCode.Unauthorized, (await KeyedDaemon.SendAsync(daemon, "version", key: null)).Status);
    }

    [Fact]
    public async Task Hostile_requests_open_nothing()
    {
        await using DaemonFixture daemon = await KeyedDaemon.StartAsync(KeyedDaemon.Key("ada"));
        string target = daemon.TcpAddress.Authority;
        string[] refused =
        [
            $"GET /version?api_key=key-of-ada&key=key-of-ada HTTP/1.1\r\nHost: {target}\r\n",
            $"GET /version HTTP/1.1\r\nHost: {target}\r\nAuthorization: Bearer key-of-ada\r\nAuthorization: Bearer key-of-ada\r\n",
            $"GET /version HTTP/1.1\r\nHost: {target}\r\nAuthorization: Bearer wrong\r\nAuthorization: Bearer key-of-ada\r\n",
            $"GET /version HTTP/1.1\r\nHost: {target}\r\nAuthorization: Bearer key-of-ada, Bearer key-of-ada\r\n",
            $"GET /version HTTP/1.1\r\nHost: {target}\r\nx-api-key: key-of-ada\r\nx-api-key: key-of-ada\r\n",
            $"GET /version HTTP/1.1\r\nHost: {target}\r\nAuthorization: Basic key-of-ada\r\n",
            $"GET /version HTTP/1.1\r\nHost: {target}\r\nAuthorization: Bearer\r\n",
            $"GET /version HTTP/1.1\r\nHost: {target}\r\nCookie: Authorization=key-of-ada\r\n",
            $"GET /version HTTP/1.1\r\nHost: {target}\r\nAuthorization: Bearer {new string('a', 20_000)}\r\n",
            $"GET http://ada:key-of-ada@{target}/version HTTP/1.1\r\nHost: {target}\r\n",
        ];
        foreach (string request in refused)
            Assert.Contains(" 401 ", await SendRawAsync(daemon, request), StringComparison.Ordinal);
        Assert.DoesNotContain(" 200 ", await SendRawAsync(daemon, $"GET /version HTTP/1.1\r\nHost: {target}\r\nAuthorization: Bearer {new string('a', 1 << 20)}\r\n"),
            StringComparison.Ordinal);

        Assert.Contains(" 200 ", await SendRawAsync(daemon, $"GET /version HTTP/1.1\r\nHost: {target}\r\nAuthorization: bearer  key-of-ada\r\n"), StringComparison.Ordinal);
        Assert.DoesNotContain("key-of-ada", daemon.Log, StringComparison.Ordinal);
    }

    // The first line of the response; empty if the connection was closed without one.
    private static async Task<string> SendRawAsync(DaemonFixture daemon, string request)
    {
        using var client = new System.Net.Sockets.TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, daemon.TcpAddress.Port, Cancellation);
        await using System.Net.Sockets.NetworkStream stream = client.GetStream();
        using var reader = new StreamReader(stream);
        try
        {
            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(request + "Connection: close\r\n\r\n"), Cancellation);
            return await reader.ReadLineAsync(Cancellation) ?? "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
