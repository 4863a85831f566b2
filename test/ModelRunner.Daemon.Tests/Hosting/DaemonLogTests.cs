using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ModelRunner.Daemon.Diagnostics;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The daemon continues if its log cannot be written.</summary>
public sealed partial class DaemonLogTests
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two"}]}""";
    private const string DropsOfError = "model_runner_log_lines_dropped_total{output=\"stderr\"} ";
    private const string DropsOfFile = "model_runner_log_lines_dropped_total{output=\"file\"} ";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task If_standard_error_is_not_read_only_lines_are_lost()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { LeavesLogUnread = true, Environment = Variables(("LOG_LEVEL", "trace")) });

        await DaemonFixture.WaitUntilAsync(
            async () =>
            {
                await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => daemon.GetAsync("health")));
                return await CountAsync(daemon, DropsOfError) > 0;
            },
            DaemonFixture.Patience);
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);

        daemon.ReadLog();
        await DaemonFixture.WaitUntilAsync(
            async () =>
            {
                await daemon.GetAsync("health");
                return daemon.Log.Contains(" lost here: standard error could not be written or was not read.", StringComparison.Ordinal);
            },
            DaemonFixture.Patience);
    }

    [Fact]
    public async Task SIGTERM_ends_a_daemon_whose_standard_error_is_not_read()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { LeavesLogUnread = true, Shell = "head -c 65536 /dev/zero >&2; exec \"$@\"" });
        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);

        Assert.Equal(0, await daemon.EndAsync());
    }

    [Fact]
    public async Task A_wrong_configuration_ends_a_start_whose_standard_error_is_not_read()
    {
        using var folder = new TemporaryFolder();
        using Process daemon = DaemonFixture.StartUnread(folder, new DaemonSetup
        {
            Arguments = ["--port", "99999"], Shell = "head -c 65536 /dev/zero >&2; exec \"$@\"",
        });

        Assert.Equal(2, await ExitCodeAsync(daemon));
    }

    [Fact]
    public async Task A_crash_ends_a_daemon_whose_standard_error_is_not_read()
    {
        using var folder = new TemporaryFolder();
        using Process daemon = DaemonFixture.StartUnread(folder, new DaemonSetup
        {
            Environment = Variables(("DOTNET_STARTUP_HOOKS", typeof(StartupHook).Assembly.Location)),
            Shell = "head -c 65536 /dev/zero >&2; exec \"$@\"",
        });

        Assert.Equal(128 + 6, await ExitCodeAsync(daemon));
    }

    [Fact]
    public async Task A_crash_is_reported_in_one_line()
    {
        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup
        {
            Environment = Variables(("DOTNET_STARTUP_HOOKS", typeof(StartupHook).Assembly.Location)),
        });

        Assert.Equal(128 + 6, exitCode);
        Assert.EndsWith("\n", error, StringComparison.Ordinal);
        string line = Assert.Single(error.TrimEnd().Split('\n'), static line => line.Contains(" ERROR ", StringComparison.Ordinal));
        Assert.Contains($"InvalidOperationException: {StartupHook.Message}", line, StringComparison.Ordinal);
        Assert.Contains("StartupHook", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task If_standard_error_is_on_a_full_disk_only_lines_are_lost()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { LeavesLogUnread = true, Shell = "exec \"$@\" 2>/dev/full" });

        Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);

        await DaemonFixture.WaitUntilAsync(async () => await CountAsync(daemon, DropsOfError) > 0, DaemonFixture.Patience);
    }

    [Fact]
    public async Task If_the_log_folder_is_on_a_full_disk_lines_are_lost_until_there_is_space()
    {
        Prerequisite.Require(Environment.IsPrivilegedProcess, "Only root can mount a small file system to fill.");
        using var folder = new TemporaryFolder();
        await using SmallFileSystem disk = await SmallFileSystem.MountAsync(Path.Join(folder.Path, "disk"));
        await using (DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup
        {
            Environment = Variables(("MODEL_RUNNER_LOG_DIR", disk.Path), ("LOG_LEVEL", "trace")),
        }))
        {
            disk.Fill();
            await DaemonFixture.WaitUntilAsync(
                async () =>
                {
                    await daemon.GetAsync("health");
                    return await CountAsync(daemon, DropsOfFile) > 0;
                },
                DaemonFixture.Patience);
            Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
            await daemon.WaitForLogAsync("cannot be written: No space left on device");
            disk.Free();
            Assert.Equal(200, (await daemon.PostAsync("v1/chat/completions", Chat)).Status);
        }

        string[] lines = [.. File.ReadLines(Path.Join(disk.Path, FileLogTarget.FileName)).Where(static line => line.Length > 0)];
        Assert.Contains(lines, static line => line.Contains(" lost here: ", StringComparison.Ordinal));
        Assert.EndsWith("Ended.", lines[^1], StringComparison.Ordinal);

        // The disk may have become full within a line, but the next line does not continue it.
        Assert.True(lines.Count(static line => !WholeLine().IsMatch(line)) <= 1);
    }

    private static async Task<int> ExitCodeAsync(Process daemon)
    {
        try
        {
            await daemon.WaitForExitAsync(Cancellation).WaitAsync(DaemonFixture.Patience, Cancellation);
            return daemon.ExitCode;
        }
        finally
        {
            if (!daemon.HasExited)
                daemon.Kill(entireProcessTree: true);
        }
    }

    private static async Task<double> CountAsync(DaemonFixture daemon, string sample)
    {
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
        string line = Assert.Single(page.Split('\n'), line => line.StartsWith(sample, StringComparison.Ordinal));
        return double.Parse(line[sample.Length..], CultureInfo.InvariantCulture);
    }

    private static Dictionary<string, string?> Variables(params (string Name, string Value)[] variables) =>
        variables.ToDictionary(static variable => variable.Name, static variable => (string?)variable.Value, StringComparer.Ordinal);

    [GeneratedRegex("^20[0-9]{2}-[0-9-]{5}T[0-9:.]{12}Z (?:TRACE|DEBUG|INFO|WARN|ERROR) [A-Za-z.]+: [^\\r\\n]*$", RegexOptions.None, 1000)]
    private static partial Regex WholeLine();
}
