using System.Net;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>Requests in flight and quotas of keys, in the real daemon.</summary>
public sealed class KeyLimitTests
{
    private const string StreamBody = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two three"}],"max_tokens":100000,"stream":true}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_above_its_concurrency_is_refused_and_others_are_not()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true, Configuration = KeyedDaemon.Configuration(KeyedDaemon.Key("ada", """, "concurrency": 1"""), KeyedDaemon.Key("bob")),
        }.WithFaults("""{"token_delay_ms": 20}"""));
        using var client = new HttpClient { BaseAddress = daemon.TcpAddress };
        using var request = new HttpRequestMessage(HttpMethod.Post, KeyedDaemon.Chat) { Content = new StringContent(StreamBody) };
        request.Headers.Add("Authorization", "Bearer key-of-ada");
        using (HttpResponseMessage stream = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancellation))
        {
            KeyedResponse refused = await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, "key-of-ada", KeyedDaemon.Body);
            KeyedDaemon.AssertRefused(
                refused, HttpStatusCode.TooManyRequests, "rate_limit_exceeded",
                "the key \"ada\" has 1 request in flight, which is its limit; try again when one has ended");
            Assert.Equal((TimeSpan.FromSeconds(1), null), (refused.RetryAfter, refused.ShouldRetry));
            Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, "key-of-bob", KeyedDaemon.Body)).Status);
            Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon, "v1/models", "key-of-ada")).Status);
        }

        // The client has left: its request is over.
        await DaemonFixture.WaitUntilAsync(
            async () => (await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, "key-of-ada", KeyedDaemon.Body)).Status == HttpStatusCode.OK,
            DaemonFixture.Patience);
        AccountedPage page = await AccountedPage.ReadAsync(daemon);
        Assert.InRange(page.Sum(AccountedPage.Refused, "reason=\"rate_limit_exceeded\""), 1, 10_000);
    }

    [Fact]
    public async Task A_client_that_sends_one_request_after_another_is_never_refused()
    {
        await using DaemonFixture daemon = await KeyedDaemon.StartAsync(KeyedDaemon.Key("ada", """, "concurrency": 1"""));
        using var client = new HttpClient { BaseAddress = daemon.TcpAddress };
        for (int i = 0; i < 150; i++)
        {
            string body = (i % 3) switch
            {
                0 => KeyedDaemon.Body,
                1 => KeyedDaemon.Body.Replace("}]", "}],\"stream\":true", StringComparison.Ordinal),
                _ => """{"model":"nope"}""",
            };
            KeyedResponse response = await KeyedDaemon.SendAsync(client, KeyedDaemon.Chat, "key-of-ada", body);
            Assert.Equal(i % 3 == 2 ? HttpStatusCode.NotFound : HttpStatusCode.OK, response.Status);
        }
    }

    [Fact]
    public async Task A_quota_holds_over_a_kill_and_a_restart()
    {
        using var folder = new TemporaryFolder();
        var setup = new DaemonSetup
        {
            Folder = folder, HasTcp = true,
            Configuration = KeyedDaemon.Configuration(
                KeyedDaemon.Key("ada", """, "tokensPerDay": 14"""), KeyedDaemon.Key("bob", """, "tokensPerMonth": 15"""), KeyedDaemon.Key("carol")),
        };
        await using (DaemonFixture daemon = await DaemonFixture.StartAsync(setup))
        {
            // Each request has 7 tokens.
            foreach (string name in (string[])["ada", "ada", "bob"])
                Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, KeyedDaemon.KeyOf(name), KeyedDaemon.Body)).Status);
            await AssertRefusedAsync(daemon, "ada", "14 tokens of this day, and its limit is 14");
            await daemon.KillAsync();
        }

        await using (DaemonFixture daemon = await DaemonFixture.StartAsync(setup))
        {
            await AssertRefusedAsync(daemon, "ada", "14 tokens of this day, and its limit is 14");
            foreach (string name in (string[])["bob", "bob", "carol"])
                Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, KeyedDaemon.KeyOf(name), KeyedDaemon.Body)).Status);
        }

        await using DaemonFixture last = await DaemonFixture.StartAsync(setup);
        await AssertRefusedAsync(last, "bob", "21 tokens of this month, and its limit is 15");
        AccountedPage page = await AccountedPage.ReadAsync(last);
        Assert.Equal(3, page.Sum(AccountedPage.Refused, "reason=\"insufficient_quota\""));
        Assert.Equal(14, page.Sum(AccountedPage.Tokens, "key=\"ada\""));
    }

    private static async Task AssertRefusedAsync(DaemonFixture daemon, string name, string sentence)
    {
        KeyedResponse refused = await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, KeyedDaemon.KeyOf(name), KeyedDaemon.Body);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.Status);
        Assert.Contains($"the key \\\"{name}\\\" has used {sentence}; it can be used again from 20", refused.Text, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"insufficient_quota\"", refused.Text, StringComparison.Ordinal);
        Assert.InRange(refused.RetryAfter!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromDays(31));
    }
}
