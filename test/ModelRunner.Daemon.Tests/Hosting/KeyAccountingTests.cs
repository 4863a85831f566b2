using System.Net;
using System.Text.Json;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The tokens of keys, on the page and in the report of the real daemon.</summary>
public sealed class KeyAccountingTests
{
    private static readonly string[] Names = ["ada", "bob", "carol", "dave"];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_sum_over_keys_is_exact_after_200_requests_at_once_and_a_kill()
    {
        using var folder = new TemporaryFolder();
        DaemonSetup setup = Setup(folder, Names);
        var completed = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int life = 0; life < 3; life++)
        {
            await using DaemonFixture daemon = await DaemonFixture.StartAsync(setup);
            using var client = new HttpClient { BaseAddress = daemon.TcpAddress, Timeout = DaemonFixture.Patience };
            await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
            {
                string name = Names[i % Names.Length];
                string body = i % 3 == 0 ? KeyedDaemon.Body.Replace("}]", "}],\"stream\":true", StringComparison.Ordinal) : KeyedDaemon.Body;
                KeyedResponse response = await KeyedDaemon.SendAsync(client, KeyedDaemon.Chat, KeyedDaemon.KeyOf(name), body);
                Assert.Equal(HttpStatusCode.OK, response.Status);
                lock (completed)
                    completed[name] = completed.GetValueOrDefault(name) + 1;
            }));
            await daemon.KillAsync();
        }

        await using DaemonFixture last = await DaemonFixture.StartAsync(setup);
        AccountedPage page = await AccountedPage.ReadAsync(last);
        foreach (string name in Names)
        {
            Assert.Equal(150, completed[name]);
            Assert.Equal(3 * 150, page.Sum(AccountedPage.Tokens, $"key=\"{name}\"", "type=\"prompt\""));
            Assert.Equal(4 * 150, page.Sum(AccountedPage.Tokens, $"key=\"{name}\"", "type=\"generated\""));
        }

        Assert.Equal(7 * 600, page.Sum(AccountedPage.Tokens));
        await AssertAgreesAsync(last, page);
    }

    [Fact]
    public async Task A_removed_key_keeps_its_tokens_and_the_family_without_keys_has_no_such_label()
    {
        using var folder = new TemporaryFolder();
        await using (DaemonFixture first = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder, HasTcp = true }))
        {
            await first.PostAsync(KeyedDaemon.Chat, KeyedDaemon.Body);
            AccountedPage page = await AccountedPage.ReadAsync(first);
            Assert.Contains(
                """model_runner_tokens_total{backend="llama.cpp",model="tiny-chat:latest",mode="completion",type="generated"} 4""", page.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("key=", page.Text, StringComparison.Ordinal);
        }

        await using (DaemonFixture second = await DaemonFixture.StartAsync(Setup(folder, "ada", "bob")))
        {
            await KeyedDaemon.SendAsync(second, KeyedDaemon.Chat, "key-of-ada", KeyedDaemon.Body);
            await KeyedDaemon.SendAsync(second, KeyedDaemon.Chat, "key-of-bob", KeyedDaemon.Body);
            AccountedPage page = await AccountedPage.ReadAsync(second);
            Assert.Contains(
                """model_runner_tokens_total{backend="llama.cpp",model="tiny-chat:latest",mode="completion",key="ada",type="generated"} 4""", page.Text,
                StringComparison.Ordinal);
            Assert.Equal(4, page.Sum(AccountedPage.Tokens, "key=\"none\"", "type=\"generated\""));
            await AssertAgreesAsync(second, page);

            folder.Write("model-runner.json", KeyedDaemon.Configuration(KeyedDaemon.Key("bob")));
            await DaemonFixture.SignalAsync(second.ProcessId, "HUP");
            await second.WaitForLogAsync("changed: keys.");
            AccountedPage after = await AccountedPage.ReadAsync(second);
            Assert.Equal(TokensOf(page), TokensOf(after));
        }

        await using DaemonFixture third = await DaemonFixture.StartAsync(Setup(folder, "bob"));
        AccountedPage last = await AccountedPage.ReadAsync(third);
        Assert.Equal(4, last.Sum(AccountedPage.Tokens, "key=\"ada\"", "type=\"generated\""));
        Assert.Equal(21, last.Sum(AccountedPage.Tokens));
        await AssertAgreesAsync(third, last);
    }

    [Fact]
    public async Task Openmetrics_has_a_creation_time_for_each_key()
    {
        await using DaemonFixture daemon = await KeyedDaemon.StartAsync(KeyedDaemon.Key("ada"));
        await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, "key-of-ada", KeyedDaemon.Body);
        await AccountedPage.ReadAsync(daemon);
        using var request = new HttpRequestMessage(HttpMethod.Get, "metrics");
        request.Headers.Add("Accept", "application/openmetrics-text; version=1.0.0");
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);

        string page = await response.Content.ReadAsStringAsync(Cancellation);

        Assert.Matches("""(?m)^model_runner_tokens_created\{[^}]*key="ada",type="generated"\} 1[0-9.e+]+$""", page);
    }

    [Fact]
    public async Task The_command_shows_the_keys()
    {
        await using DaemonFixture daemon = await KeyedDaemon.StartAsync(KeyedDaemon.Key("ada"));
        await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, "key-of-ada", KeyedDaemon.Body);
        await AccountedPage.ReadAsync(daemon);

        (int exitCode, string table, string error) = await daemon.RunClientAsync(daemon.FolderPath, "usage", "--host", "d.sock", "--by", "key");

        Assert.Equal((0, ""), (exitCode, error));
        Assert.Equal(
            [["KEY", "REQUESTS", "COMPLETED", "PROMPT", "CACHED", "GENERATED"], ["ada", "1", "1", "3", "0", "4"], ["total", "1", "1", "3", "0", "4"]],
            table.Trim().Split('\n').Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
    }

    private static DaemonSetup Setup(TemporaryFolder folder, params string[] names) => new()
    {
        Folder = folder, HasTcp = true, Configuration = KeyedDaemon.Configuration(names.Select(static name => KeyedDaemon.Key(name))),
    };

    private static IEnumerable<string> TokensOf(AccountedPage page) =>
        page.Text.Split('\n').Where(static line => line.StartsWith(AccountedPage.Tokens + "{", StringComparison.Ordinal));

    // The report by key, by model and the page have the same tokens.
    private static async Task AssertAgreesAsync(DaemonFixture daemon, AccountedPage page)
    {
        IReadOnlyDictionary<string, JsonElement> keys = await KeyedDaemon.UsageAsync(daemon);
        IReadOnlyDictionary<string, JsonElement> models = await KeyedDaemon.UsageAsync(daemon, "model");
        foreach ((string type, string member) in ((string, string)[])
            [("prompt", "prompt_tokens"), ("cached", "cached_tokens"), ("generated", "generated_tokens")])
        {
            foreach ((string name, JsonElement row) in keys)
                Assert.Equal(page.Sum(AccountedPage.Tokens, $"key=\"{name}\"", $"type=\"{type}\""), row.GetProperty(member).GetInt64());
            foreach ((string name, JsonElement row) in models)
                Assert.Equal(page.Sum(AccountedPage.Tokens, $"model=\"{name}\"", $"type=\"{type}\""), row.GetProperty(member).GetInt64());
            Assert.Equal(
                models.Values.Sum(row => row.GetProperty(member).GetInt64()), keys.Values.Sum(row => row.GetProperty(member).GetInt64()));
        }

        foreach (string member in (string[])["requests", "completed", "unconfirmed_tokens"])
            Assert.Equal(models.Values.Sum(row => row.GetProperty(member).GetInt64()), keys.Values.Sum(row => row.GetProperty(member).GetInt64()));
    }
}
