using System.Net;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Keys;
using ModelRunner.Daemon.Tests.Hosting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Keys;

/// <summary>Warnings of keys that are probably not what was meant.</summary>
public sealed class KeyWarningLogTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 5, 1, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public void A_key_that_has_expired_is_named_with_the_time()
    {
        KeySettings key = new("ada", KeyDigest.Of("a")) { ExpiresAt = _time.GetUtcNow() };
        Assert.Equal(
            ["The key \"ada\" expired at 2026-05-01T12:00:00Z and is refused; give it a later time in expires, or remove it."],
            KeyWarningLog.Find(key, static _ => true, _time.GetUtcNow()));
        Assert.Empty(KeyWarningLog.Find(key, static _ => true, _time.GetUtcNow() - TimeSpan.FromSeconds(1)));
        Assert.Empty(KeyWarningLog.Find(key with { ExpiresAt = null }, static _ => true, _time.GetUtcNow()));
    }

    [Fact]
    public void Each_model_that_is_not_here_is_named()
    {
        KeySettings key = new("ada", KeyDigest.Of("a")) { Models = [.. new[] { "here", "gone:1b", "go*" }.Select(static text => ModelPattern.TryParse(text, out _)!)] };
        Assert.Equal(
            [
                "The key \"ada\" allows model \"gone:1b\", which is not here; \"model-runner ls\" lists the names.",
                "The key \"ada\" allows models \"go*\", and no model here has such a name; \"model-runner ls\" lists the names.",
            ],
            KeyWarningLog.Find(key, static pattern => pattern.Text == "here", _time.GetUtcNow()));
    }

    [Fact]
    public async Task The_daemon_warns_at_its_start_and_after_a_change_of_the_keys_file()
    {
        using var folder = new TemporaryFolder();
        string file = Path.Join(folder.Path, "more.json");
        await File.WriteAllTextAsync(file, """{"keys":{}}""", TestContext.Current.CancellationToken);
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            HasTcp = true, Arguments = ["--keys-file", file],
            Configuration = KeyedDaemon.Configuration(
                KeyedDaemon.Key("ada", """, "models": ["tiny-chat", "TINY-EMBED:latest", "tiny-*", "nosuch"]"""), KeyedDaemon.Key("eve", """, "expires": "2020-01-01" """)),
        });
        await daemon.WaitForLogAsync("The key \"ada\" allows model \"nosuch\", which is not here");
        await daemon.WaitForLogAsync("The key \"eve\" expired at 2020-01-02T00:00:00Z");
        Assert.DoesNotContain("\"tiny-", daemon.Log, StringComparison.OrdinalIgnoreCase);

        string added = $$"""{ "keys": { {{KeyedDaemon.Key("bob", """, "models": ["neither"]""")}} } }""";
        await File.WriteAllTextAsync(file, added, TestContext.Current.CancellationToken);
        await DaemonFixture.WaitUntilAsync(
            async () =>
            {
                await KeyedDaemon.SendAsync(daemon, "v1/models", "key-of-ada");
                return daemon.Log.Contains("The key \"bob\" allows model \"neither\", which is not here", StringComparison.Ordinal);
            },
            DaemonFixture.Patience);

        await CheckCommandsAsync(daemon, file);
    }

    // The warnings name keys of others, so only the scope admin gets them.
    private static async Task CheckCommandsAsync(DaemonFixture daemon, string file)
    {
        Assert.Equal(HttpStatusCode.Forbidden, (await KeyedDaemon.SendAsync(daemon, "engines/problems", "key-of-ada")).Status);
        JsonElement problems = await daemon.GetAsync("engines/problems");
        Assert.Equal(["ada", "eve", "bob"], problems.GetProperty("problems").EnumerateArray().Select(static problem => problem.GetProperty("key").GetString()));
        (_, string status, string warnings) = await daemon.RunClientAsync(daemon.FolderPath, "status", "--json");
        Assert.Contains("model-runner: warning: The key \"bob\" allows model \"neither\", which is not here;", warnings, StringComparison.Ordinal);
        Assert.Equal(3, JsonDocument.Parse(status).RootElement.GetProperty("problems").GetArrayLength());

        (int exitCode, string list, string marked) = await daemon.RunClientAsync(daemon.FolderPath, "key", "list", "--keys-file", file);
        Assert.Equal((0, 3), (exitCode, marked.Split("model-runner: warning: The key ").Length - 1));
        Assert.Contains("(expired)", list, StringComparison.Ordinal);
        (_, string json, _) = await daemon.RunClientAsync(daemon.FolderPath, "key", "list", "--keys-file", file, "--json");
        Assert.All(
            JsonDocument.Parse(json).RootElement.EnumerateArray(),
            static key => Assert.StartsWith($"The key \"{key.GetProperty("name").GetString()}\" ", key.GetProperty("warnings")[0].GetString(), StringComparison.Ordinal));
        await daemon.RunClientAsync(daemon.FolderPath, "key", "add", "carl", "--keys-file", file + ".other");
        (_, _, string ofOthers) = await daemon.RunClientAsync(daemon.FolderPath, "key", "list", "--keys-file", file + ".other");
        Assert.DoesNotContain("warning", ofOthers, StringComparison.Ordinal);
    }
}
