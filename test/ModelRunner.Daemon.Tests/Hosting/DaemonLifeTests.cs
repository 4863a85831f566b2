using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Hosting;

public sealed class DaemonLifeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private const string Chat = """{"model":"tiny-chat","messages":[{"role":"user","content":"one two"}]}""";
    private const string Embed = """{"model":"tiny-embed","input":"one two"}""";

    [Fact]
    public async Task A_daemon_that_ends_leaves_no_runner_no_socket_and_no_folder()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync();
        await daemon.PostAsync("v1/chat/completions", Chat);
        await daemon.PostAsync("v1/embeddings", Embed);

        Assert.Equal(2, ProcessTable.ChildrenOf(daemon.ProcessId).Count);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(daemon.SocketPath));
    }

    [Fact]
    public async Task After_SIGKILL_all_runners_end_and_the_next_daemon_starts_at_once()
    {
        using var folder = new TemporaryFolder();
        int[] runners;
        await using (DaemonFixture killed = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder }))
        {
            await killed.PostAsync("v1/chat/completions", Chat);
            await killed.PostAsync("v1/embeddings", Embed);
            runners = [.. (await killed.RunnersAsync()).Select(static runner => runner.GetProperty("pid").GetInt32())];
            await killed.KillAsync();
            Assert.True(File.Exists(killed.SocketPath));
        }

        Assert.Equal(2, runners.Length);
        foreach (int runner in runners)
            await ProcessTable.WaitUntilGoneAsync(runner, DaemonFixture.Patience);

        await using DaemonFixture next = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder });
        Assert.Equal(200, (await next.PostAsync("v1/chat/completions", Chat)).Status);
    }

    [Fact]
    public async Task A_second_daemon_on_the_same_socket_ends_with_an_error()
    {
        using var folder = new TemporaryFolder();
        await using DaemonFixture first = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder });

        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup { Folder = folder });

        Assert.Equal(1, exitCode);
        string sentence = $"another model-runner responds on {first.SocketPath}; stop it, or name another place with MODEL_RUNNER_SOCK";
        Assert.Equal($"model-runner: {sentence}\n", error);
        Assert.Equal("ok", (await first.GetAsync("health")).GetProperty("status").GetString());
    }

    [Fact]
    public async Task A_daemon_that_starts_while_another_one_drains_waits_for_it_and_keeps_its_socket()
    {
        using var folder = new TemporaryFolder();
        await using DaemonFixture first = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder }.WithFaults(Slow(100)));
        using HttpResponseMessage response = await first.StreamAsync("v1/chat/completions", Stream(tokens: 20));
        await using Stream stream = await response.Content.ReadAsStreamAsync(Cancellation);
        await DaemonFixture.SignalAsync(first.ProcessId, "TERM");
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(!File.Exists(first.SocketPath)), DaemonFixture.Patience);

        Task<DaemonFixture> start = DaemonFixture.StartAsync(new DaemonSetup { Folder = folder });
        using var reader = new StreamReader(stream);
        Assert.EndsWith("data: [DONE]\n\n", await reader.ReadToEndAsync(Cancellation), StringComparison.Ordinal);
        Assert.Equal(0, await first.WaitForEndAsync());

        await using DaemonFixture second = await start;
        Assert.Equal(200, (await second.PostAsync("v1/chat/completions", Chat)).Status);
    }

    [Fact]
    public async Task A_daemon_that_waits_for_the_lock_of_its_socket_can_be_ended()
    {
        using var folder = new TemporaryFolder();
        using ProcessLock? held = ProcessLock.TryTake(Path.Join(folder.Path, "d.sock") + ProcessLock.Suffix);
        using Process second = DaemonFixture.StartUnread(folder, new DaemonSetup { Folder = folder });
        Assert.Contains("waiting up to 5 s", await second.StandardError.ReadLineAsync(Cancellation), StringComparison.Ordinal);

        await DaemonFixture.SignalAsync(second.Id, "TERM");

        await second.WaitForExitAsync(Cancellation);
        Assert.Equal((0, ""), (second.ExitCode, await second.StandardError.ReadToEndAsync(Cancellation)));
    }

    [Fact]
    public async Task A_daemon_that_waits_too_long_for_the_lock_names_its_owner()
    {
        using var folder = new TemporaryFolder();
        await using DaemonFixture first = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder }.WithFaults(Slow(1000)));
        using HttpResponseMessage response = await first.StreamAsync("v1/chat/completions", Stream(tokens: 100));
        await DaemonFixture.SignalAsync(first.ProcessId, "TERM");
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(!File.Exists(first.SocketPath)), DaemonFixture.Patience);

        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup { Folder = folder });

        Assert.Equal(1, exitCode);
        string[] lines = error.TrimEnd().Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.StartsWith($"model-runner: waiting up to 5 s for process {first.ProcessId}, ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith($"model-runner: process {first.ProcessId} still has the lock {first.SocketPath}.lock after 5 s, ", lines[1], StringComparison.Ordinal);

        // The second signal ends the drain of the first daemon.
        Assert.Equal(0, await first.EndAsync());
        Assert.False(File.Exists(first.SocketPath + ".lock"));
    }

    [Fact]
    public async Task A_locked_folder_does_not_block_a_start()
    {
        using var folder = new TemporaryFolder();
        using Process holder = Process.Start("flock", [folder.Path, "sleep", "600"]);
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(ProcessTable.ChildrenOf(holder.Id).Count == 1), DaemonFixture.Patience);

        try
        {
            await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { Folder = folder });
            Assert.Equal("ok", (await daemon.GetAsync("health")).GetProperty("status").GetString());
        }
        finally
        {
            holder.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public async Task A_port_that_is_in_use_is_reported()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var endPoint = (IPEndPoint)taken.LocalEndpoint;

        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["MODEL_RUNNER_PORT"] = $"{endPoint.Port}" },
        });

        Assert.Equal(1, exitCode);
        Assert.Contains($"cannot listen on {endPoint}: another program uses the port", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_problems_of_the_configuration_are_reported_at_once()
    {
        (int exitCode, string error) = await DaemonFixture.RunToEndAsync(new DaemonSetup
        {
            Environment = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["MODEL_RUNNER_PORT"] = "99999", ["DISABLE_METRICS"] = "perhaps", ["LOG_LEVEL"] = "loud",
            },
        });

        Assert.Equal(2, exitCode);
        string[] lines = error.TrimEnd().Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.All(lines, static line => Assert.StartsWith("model-runner: ", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_socket_and_the_port_serve_the_same_routes()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true });
        using var client = new HttpClient { BaseAddress = daemon.TcpAddress };
        await daemon.PostAsync("v1/chat/completions", Chat);

        string overTcp = await client.GetStringAsync(new Uri("v1/models", UriKind.Relative), Cancellation);
        string overSocket = await daemon.Client.GetStringAsync(new Uri("v1/models", UriKind.Relative), Cancellation);

        Assert.Equal(overSocket, overTcp);
        Assert.Equal(IPAddress.Loopback.ToString(), daemon.TcpAddress.Host);
    }

    [Fact]
    public async Task After_SIGTERM_a_response_completes_and_new_requests_are_refused()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup { HasTcp = true }.WithFaults(Slow(100)));
        using HttpResponseMessage response = await daemon.StreamAsync("v1/chat/completions", Stream(tokens: 100));
        await using Stream stream = await response.Content.ReadAsStreamAsync(Cancellation);
        using var reader = new StreamReader(stream);
        await reader.ReadLineAsync(Cancellation);

        await DaemonFixture.SignalAsync(daemon.ProcessId, "TERM");
        Task<string> rest = reader.ReadToEndAsync(Cancellation);
        await DaemonFixture.WaitUntilAsync(async () => !await IsAcceptedAsync(daemon.TcpAddress), DaemonFixture.Patience);
        Assert.False(File.Exists(daemon.SocketPath));
        Assert.False(rest.IsCompleted);

        Assert.EndsWith("data: [DONE]\n\n", await rest, StringComparison.Ordinal);
        Assert.Equal(0, await daemon.WaitForEndAsync());
    }

    [Fact]
    public async Task A_second_signal_cuts_running_responses_with_an_error_event()
    {
        await using DaemonFixture daemon = await DaemonFixture.StartAsync(new DaemonSetup().WithFaults(Slow(1000)));
        using HttpResponseMessage response = await daemon.StreamAsync("v1/chat/completions", Stream(tokens: 1000));
        int runner = await daemon.BusyRunnerProcessAsync();

        await DaemonFixture.SignalAsync(daemon.ProcessId, "TERM");
        await daemon.WaitForLogAsync("The daemon ends: ");
        long second = Stopwatch.GetTimestamp();
        int exitCode = await daemon.EndAsync();
        TimeSpan time = Stopwatch.GetElapsedTime(second);
        string text = await response.Content.ReadAsStringAsync(Cancellation);

        Assert.Equal(0, exitCode);
        Assert.InRange(time, TimeSpan.Zero, TimeSpan.FromSeconds(10)); // The drain time is 30 s.
        Assert.StartsWith("data: {\"error\":", text.TrimEnd('\n').Split('\n')[^1], StringComparison.Ordinal);
        Assert.False(File.Exists(daemon.SocketPath));
        Assert.False(ProcessTable.IsAlive(runner));
    }

    [Fact]
    public async Task A_second_signal_does_not_wait_for_a_runner_that_ignores_SIGTERM()
    {
        await using DaemonFixture daemon = await StartWithStubbornRunnersAsync();
        using HttpResponseMessage response = await daemon.StreamAsync("v1/chat/completions", Stream(tokens: 1000));
        int runner = await daemon.BusyRunnerProcessAsync();

        await DaemonFixture.SignalAsync(daemon.ProcessId, "TERM");
        await daemon.WaitForLogAsync("The daemon ends: ");
        long second = Stopwatch.GetTimestamp();
        int exitCode = await daemon.EndAsync();

        Assert.Equal(0, exitCode);
        Assert.InRange(Stopwatch.GetElapsedTime(second), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(12));
        Assert.False(File.Exists(daemon.SocketPath));
        await ProcessTable.WaitUntilGoneAsync(runner, DaemonFixture.Patience);
    }

    [Fact]
    public async Task A_third_signal_ends_it_at_once()
    {
        await using DaemonFixture daemon = await StartWithStubbornRunnersAsync();
        using HttpResponseMessage response = await daemon.StreamAsync("v1/chat/completions", Stream(tokens: 1000));
        int runner = await daemon.BusyRunnerProcessAsync();

        await DaemonFixture.SignalAsync(daemon.ProcessId, "TERM");
        await daemon.WaitForLogAsync("The daemon ends: ");

        // Both at once: after the second one alone, the daemon ends within two seconds. Each is handled on its own thread.
        Signals.Send(daemon.ProcessId, Signals.Terminate);
        Signals.Send(daemon.ProcessId, Signals.Interrupt);
        int exitCode = await daemon.WaitForEndAsync();

        Assert.Contains(exitCode, (int[])[128 + Signals.Terminate, 128 + Signals.Interrupt]);
        Assert.False(File.Exists(daemon.SocketPath));
        await ProcessTable.WaitUntilGoneAsync(runner, DaemonFixture.Patience);
    }

    private static Task<DaemonFixture> StartWithStubbornRunnersAsync() => DaemonFixture.StartAsync(new DaemonSetup
    {
        Configuration = """{ "limits": { "stopGrace": "30s" } }""",
    }.WithFaults("""{"token_delay_ms": 1000, "ignore_sigterm": true}"""));

    private static async Task<bool> IsAcceptedAsync(Uri address)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(address.Host, address.Port, Cancellation);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static string Stream(int tokens) => $$"""{"model":"tiny-chat","messages":[],"max_tokens":{{tokens}},"stream":true}""";

    private static string Slow(int milliseconds) => $$"""{"token_delay_ms": {{milliseconds}}}""";
}
