using System.Diagnostics;
using System.Net;
using ModelRunner.Daemon.Tests.Accounting;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The keys file, its commands and a running daemon.</summary>
public sealed class KeysFileDaemonTests
{
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Keys_are_added_and_revoked_while_the_daemon_runs()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true });
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(daemon, key: null));

        string ada = await AddAsync(daemon, "ada");
        string bob = await AddAsync(daemon, "bob", "--models", "tiny-embed");
        await ExpectAsync(daemon, key: null, HttpStatusCode.Unauthorized);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(daemon, ada));
        Assert.Equal(HttpStatusCode.OK, (await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, ada, KeyedDaemon.Body)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await KeyedDaemon.SendAsync(daemon, KeyedDaemon.Chat, bob, KeyedDaemon.Body)).Status);
        AccountedPage page = await AccountedPage.ReadAsync(daemon);
        Assert.Equal(7, page.Sum(AccountedPage.Tokens, "key=\"ada\""));

        Assert.Equal(0, (await RunAsync(daemon, "revoke", "ada")).ExitCode);
        var watch = Stopwatch.StartNew();
        await ExpectAsync(daemon, ada, HttpStatusCode.Unauthorized);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, AtOnce);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(daemon, bob));

        Assert.Equal(0, (await RunAsync(daemon, "revoke", "bob")).ExitCode);
        await ExpectAsync(daemon, bob, HttpStatusCode.Unauthorized);
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(daemon, key: null));
        page = await AccountedPage.ReadAsync(daemon);
        Assert.Equal(7, page.Sum(AccountedPage.Tokens));
        Assert.Equal(7, (await KeyedDaemon.UsageAsync(daemon))["ada"].GetProperty("prompt_tokens").GetInt32()
            + (await KeyedDaemon.UsageAsync(daemon))["ada"].GetProperty("generated_tokens").GetInt32());
    }

    [Fact]
    public async Task A_broken_or_removed_file_neither_opens_the_daemon_nor_ends_it()
    {
        using var folder = new TemporaryFolder();
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true, Folder = folder });
        string ada = await AddAsync(daemon, "ada");
        await ExpectAsync(daemon, key: null, HttpStatusCode.Unauthorized);
        string path = Path.Join(folder.Path, "state", "model-runner", "keys.json");
        string good = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);

        int times = 0;
        foreach (string broken in (string[])["", "{", "\0", "[]", "{\"keys\":{\"eve\":{}}}", new string('[', 100_000), good.Replace("sha256", "sha1", StringComparison.Ordinal)])
        {
            await File.WriteAllTextAsync(path, broken, TestContext.Current.CancellationToken);
            times++;
            await DaemonFixture.WaitUntilAsync(
                async () =>
                {
                    HttpStatusCode[] found = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => StatusAsync(daemon, i % 2 == 0 ? null : "key-of-eve")));
                    Assert.All(found, static status => Assert.Equal(HttpStatusCode.Unauthorized, status));
                    Assert.Equal(HttpStatusCode.OK, await StatusAsync(daemon, ada));
                    return daemon.Log.Split("is not used, and the keys that it had before stay valid").Length > times;
                },
                DaemonFixture.Patience);
        }

        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await daemon.WaitForLogAsync("The new configuration is not used");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(daemon, ada));

        File.Delete(path);
        await ExpectAsync(daemon, ada, HttpStatusCode.Unauthorized);
        await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
        await daemon.WaitForLogAsync("The configuration was read again");
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(daemon, key: null));

        await File.WriteAllTextAsync(path, good, TestContext.Current.CancellationToken);
        await ExpectAsync(daemon, ada, HttpStatusCode.OK);
        Assert.DoesNotContain(ada, daemon.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broken_file_at_the_start_ends_the_daemon_with_its_problem()
    {
        using var folder = new TemporaryFolder();
        folder.Write(Path.Join("state", "model-runner", "keys.json"), "{ broken");

        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup { HasTcp = true, Folder = folder });

        Assert.Equal(2, exitCode);
        Assert.Contains("keys.json:1: is not JSON from column 3 on", error, StringComparison.Ordinal);
    }

    private static async Task<string> AddAsync(DaemonFixture daemon, string name, params string[] more)
    {
        (int exitCode, string output, string error) = await RunAsync(daemon, ["add", name, .. more]);
        Assert.True(exitCode == 0, error);
        return output.Trim();
    }

    private static Task<(int ExitCode, string Out, string Error)> RunAsync(DaemonFixture daemon, params string[] arguments) => daemon.RunClientAsync(
        daemon.FolderPath, ["key", .. arguments, "--state-path", Path.Join(daemon.FolderPath, "state", "model-runner")]);

    private static async Task<HttpStatusCode> StatusAsync(DaemonFixture daemon, string? key) => (await KeyedDaemon.SendAsync(daemon, "version", key)).Status;

    private static Task ExpectAsync(DaemonFixture daemon, string? key, HttpStatusCode status) =>
        DaemonFixture.WaitUntilAsync(async () => await StatusAsync(daemon, key) == status, DaemonFixture.Patience);
}
