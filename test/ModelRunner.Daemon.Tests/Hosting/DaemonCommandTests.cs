using System.Text.Json;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>The commands of the real program with a real daemon.</summary>
public sealed class DaemonCommandTests : IDisposable
{
    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two"}]}""";
    private const string Embed = """{"model":"tiny-embed","input":"one two"}""";

    private readonly TemporaryFolder _elsewhere = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _elsewhere.Dispose();

    [Fact]
    public async Task The_daemon_is_found_from_any_folder_until_it_ends()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true });

        Assert.StartsWith(
            $"model-runner 0.1.0 is running at unix:{daemon.SocketPath}\n", (await daemon.RunClientAsync(_elsewhere.Path, "status")).Out, StringComparison.Ordinal);

        await daemon.EndAsync();
        Assert.Equal(3, (await daemon.RunClientAsync(_elsewhere.Path, "status")).ExitCode);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Join(daemon.FolderPath, "run")));
    }

    /// <summary>A script that reads the log runs its commands when it reads that the daemon listens. They must find it then.</summary>
    [Fact]
    public async Task The_log_says_that_the_daemon_listens_after_commands_can_find_it()
    {
        string registry = Directory.CreateDirectory(Path.Join(_elsewhere.Path, "model-runner")).FullName;
        File.SetUnixFileMode(registry, (UnixFileMode)0b111_111_111);

        await using DaemonFixture daemon = await DaemonFixture.StartAsync(
            new DaemonSetup { Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["XDG_RUNTIME_DIR"] = _elsewhere.Path } });

        // It says that before, because it has tried before.
        Assert.Contains("commands in other folders need --host to find this daemon", daemon.Log.Split(" listens on ")[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_daemon_that_was_killed_is_not_found()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        Assert.Equal(0, (await daemon.RunClientAsync(_elsewhere.Path, "ps")).ExitCode);

        await daemon.KillAsync();

        (int exitCode, _, string error) = await daemon.RunClientAsync(_elsewhere.Path, "ps");
        Assert.Equal(3, exitCode);
        Assert.Equal(
            $"model-runner: the daemon is not running: nothing listens on unix:{_elsewhere.Path}/model-runner.sock; start it with \"model-runner serve\"\n", error);
    }

    [Fact]
    public async Task Serve_prints_its_models_and_a_request_that_works()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true });
        await DaemonFixture.WaitUntilAsync(
            () => Task.FromResult(daemon.Output.Contains("  Chat    ", StringComparison.Ordinal)), DaemonFixture.Patience);

        Assert.Contains("  Serves  tiny-chat (completion", daemon.Output, StringComparison.Ordinal);
        Assert.Contains($"  At      unix:{daemon.SocketPath} and http://localhost:{daemon.TcpAddress.Port}", daemon.Output, StringComparison.Ordinal);
        string command = daemon.Output.Split("  Try     ")[1].Split('\n')[0];
        using var shell = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("sh", ["-c", command + " -sS --fail"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string answer = await shell.StandardOutput.ReadToEndAsync(Cancellation);
        await shell.WaitForExitAsync(Cancellation);
        Assert.Equal(0, shell.ExitCode);
        Assert.Contains("\"choices\"", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CLI_02_every_name_that_ps_shows_can_be_unloaded()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.PostAsync("v1/chat/completions", Chat);
        await daemon.PostAsync("v1/embeddings", Embed);
        string[] lines = (await daemon.RunClientAsync(_elsewhere.Path, "ps")).Out.TrimEnd('\n').Split('\n');
        string[] names = [.. lines.Skip(1).Select(static line => line.Split(' ')[0])];
        Assert.Equal(["tiny-chat:latest", "tiny-embed:latest"], names.Order(StringComparer.Ordinal));

        foreach (string name in names)
            Assert.Equal((0, "Unloaded 1 runner.\n", ""), await daemon.RunClientAsync(_elsewhere.Path, "unload", name));

        Assert.Empty(await daemon.RunnersAsync());
        (int exitCode, string output, string error) = await daemon.RunClientAsync(_elsewhere.Path, "unload", names[0]);
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Equal($"model-runner: no runner of {names[0]} is loaded; \"model-runner ps\" lists the loaded runners\n", error);
        Assert.Equal(
            (1, "", "model-runner: there is no model \"nope\" to unload; \"model-runner ps\" lists the loaded runners\n"),
            await daemon.RunClientAsync(_elsewhere.Path, "unload", "nope"));
    }

    [Theory]
    [InlineData("""{"stderr_lines": 5000, "exit_at_start": 5}""", "ended with exit code 5; the last line of its output: stub line 4999")]
    [InlineData("""{"stderr_lines": 5000, "signal_before_ready": 9}""", "was killed by signal 9 (SIGKILL)")]
    public async Task CLI_05_a_failed_start_is_one_line_for_people_and_never_on_the_page(string faults, string cause)
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup().WithFaults(faults));

        (int exitCode, string output, string error) = await daemon.RunClientAsync(_elsewhere.Path, "run", "tiny-chat", "one two");

        Assert.Equal((1, ""), (exitCode, output));
        Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.InRange(error.Length, 1, 600);
        Assert.Contains(cause, error, StringComparison.Ordinal);
        Assert.DoesNotContain("stub line 4000", error, StringComparison.Ordinal);
        Assert.Contains(cause, (await daemon.RunClientAsync(_elsewhere.Path, "ps")).Out, StringComparison.Ordinal);
        string page = await daemon.Client.GetStringAsync(new Uri("metrics", UriKind.Relative), Cancellation);
        Assert.DoesNotMatch("exit code|SIGKILL|stub line", page);
        Assert.DoesNotContain(cause, page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CLI_08_ps_shows_the_arguments_of_a_runner()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Arguments = ["--llama-args", "--threads 3"] });
        await daemon.PostAsync("v1/chat/completions", Chat);

        (int exitCode, string output, _) = await daemon.RunClientAsync(_elsewhere.Path, "ps", "--arguments");

        Assert.Equal(0, exitCode);
        Assert.Contains("--model tiny-chat.gguf ", output, StringComparison.Ordinal);
        Assert.Contains(" --threads 3", output, StringComparison.Ordinal);
        Assert.DoesNotContain(daemon.FolderPath, output, StringComparison.Ordinal);
        JsonElement runner = Assert.Single(await daemon.RunnersAsync());
        Assert.Contains("--threads", runner.GetProperty("arguments").EnumerateArray().Select(static item => item.GetString()));
    }
}
