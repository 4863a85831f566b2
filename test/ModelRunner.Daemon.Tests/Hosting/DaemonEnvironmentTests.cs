using System.Diagnostics;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The daemon with unusual descriptors, terminals and hang-ups.</summary>
public sealed class DaemonEnvironmentTests
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two"}]}""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("0<&- 1>&- 2>&-", "0 1 2")]
    [InlineData("2>&-", "2")]
    [InlineData("1>&-", "1")]
    [InlineData("0<&-", "0")]
    public async Task With_closed_standard_descriptors_it_serves_and_opens_dev_null(string redirections, string closed)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { LeavesLogUnread = true, Shell = $"exec \"$@\" {redirections}" });

        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);

        Assert.Contains("\n# EOF\n", await PageAsync(daemon), StringComparison.Ordinal);
        Assert.All(closed.Split(' '), descriptor => Assert.Equal("/dev/null", Target(daemon.ProcessId, descriptor)));
        Assert.NotEqual("/dev/null", Target(await daemon.RunnerProcessAsync(), "2"));
    }

    [Theory]
    [InlineData("unset HOME")]
    [InlineData("export HOME=/nowhere/at/all")]
    [InlineData("export HOME=/proc")] // nobody can write there
    public async Task A_user_without_a_home_folder_gets_TLS(string home)
    {
        // A user who is not in the list of users, as systemd makes them (DynamicUser=).
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Shell = $"{home}; exec unshare --user --map-user=63358 \"$@\"", HasTcp = true, Arguments = ["--tls-auto"],
        });
        using var client = new HttpClient(TestCertificates.Trusting(Path.Join(daemon.FolderPath, "state", "model-runner", "tls", "authority.pem")));

        Assert.Contains("\"tiny-chat:latest\"", await client.GetStringAsync(new Uri(daemon.TcpAddress, "v1/models"), Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task SIGHUP_reads_the_configuration_again_and_does_not_end_the_daemon()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();

        // The kernel makes one signal of two that come before the first one was handled, so the second one waits.
        for (int reloads = 1; reloads <= 2; reloads++)
        {
            int expected = reloads;
            await DaemonFixture.SignalAsync(daemon.ProcessId, "HUP");
            await DaemonFixture.WaitUntilAsync(
                () => Task.FromResult(daemon.Log.Split("read again; changed: nothing").Length == expected + 1), DaemonFixture.Patience);
        }

        Assert.Equal("ok", (await daemon.GetAsync("health")).GetProperty("status").GetString());
        Assert.DoesNotContain("The daemon ends: ", daemon.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exec \"$@\"", false)]
    [InlineData("trap '' HUP; exec \"$@\"", true)]
    [InlineData("exec nohup \"$@\" 2>/dev/null", true)]
    public async Task A_terminal_that_closes_ends_the_daemon_unless_SIGHUP_was_ignored(string start, bool livesOn)
    {
        using var folder = new TemporaryFolder();
        folder.Write("start.sh", start);

        // script(1) gives its child a terminal, which closes when script is killed.
        using Process terminal = DaemonFixture.StartUnread(
            folder, new DaemonSetup { Shell = "exec script -qc \"exec sh start.sh $*\" /dev/null >/dev/null" });
        using HttpClient client = DaemonFixture.UnixClient(Path.Join(folder.Path, "d.sock"));
        await DaemonFixture.WaitUntilAsync(() => IsHealthyAsync(client), DaemonFixture.Patience);
        int daemon = Assert.Single(ProcessTable.ChildrenOf(terminal.Id));

        await DaemonFixture.SignalAsync(daemon, "HUP");
        Assert.True(await IsHealthyAsync(client));
        await DaemonFixture.SignalAsync(terminal.Id, "KILL");
        await terminal.WaitForExitAsync(Cancellation);

        if (livesOn)
        {
            await DaemonFixture.SignalAsync(daemon, "HUP");
            Assert.True(await IsHealthyAsync(client));
            await DaemonFixture.SignalAsync(daemon, "TERM");
        }

        await ProcessTable.WaitUntilGoneAsync(daemon, DaemonFixture.Patience);
        Assert.False(File.Exists(Path.Join(folder.Path, "d.sock")));
    }

    [Fact]
    public async Task A_configuration_that_is_not_UTF8_is_reported_in_one_line()
    {
        using var folder = new TemporaryFolder();
        folder.Write("latin1.json", [(byte)'{', (byte)'"', 0xE4, (byte)'"', (byte)':', (byte)'1', (byte)'}']);

        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(
            new DaemonSetup { Folder = folder, Arguments = ["--config", "latin1.json"] });

        Assert.Equal(2, exitCode);
        Assert.Equal("model-runner: latin1.json:1: is not UTF-8 from column 3 on; save the file as UTF-8.\n", error);
    }

    private static string? Target(int process, string descriptor) => new FileInfo($"/proc/{process}/fd/{descriptor}").LinkTarget;

    private static async Task<string> PageAsync(DaemonFixture daemon)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "metrics");
        request.Headers.Add("Accept", "application/openmetrics-text; version=1.0.0");
        using HttpResponseMessage response = await daemon.Client.SendAsync(request, Cancellation);
        return "\n" + await response.Content.ReadAsStringAsync(Cancellation);
    }

    private static async Task<bool> IsHealthyAsync(HttpClient client)
    {
        try
        {
            using HttpResponseMessage response = await client.GetAsync(new Uri("health", UriKind.Relative), Cancellation);
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
