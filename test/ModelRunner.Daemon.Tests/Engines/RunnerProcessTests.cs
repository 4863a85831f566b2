using System.Diagnostics;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Tests.Checks;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Engines;

public sealed class RunnerProcessTests
{
    [Fact]
    public async Task A_runner_becomes_ready_answers_and_stops_without_a_trace()
    {
        using var bed = new LaunchBed();
        IManagedRunner runner = bed.Start();

        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(runner.Endpoint.BaseAddress, "metrics"));
        using HttpResponseMessage response = await runner.Endpoint.Client.SendAsync(request, CancellationToken.None);
        Assert.True(response.IsSuccessStatusCode);
        Assert.Single(bed.Sockets);

        await runner.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);

        Assert.Null(await runner.Exited);
        Assert.False(ProcessTable.IsAlive(runner.ProcessId!.Value));
        Assert.Empty(bed.Sockets);
    }

    [Fact]
    public async Task SEC_04_the_socket_lies_in_a_folder_that_only_the_owner_enters()
    {
        using var bed = new LaunchBed();
        IManagedRunner runner = bed.Start();
        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));

        string folder = Path.GetDirectoryName(Assert.Single(bed.Sockets))!;

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder));
    }

    [Fact]
    public async Task A_loading_runner_is_not_ready_until_it_says_so()
    {
        using var bed = new LaunchBed();
        IManagedRunner runner = bed.Start("""{"bind_delay_ms": 50, "load_delay_ms": 300}""");
        var clock = Stopwatch.StartNew();

        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));

        Assert.InRange(clock.ElapsedMilliseconds, 300, long.MaxValue);
    }

    [Fact]
    public async Task A_runner_that_answers_as_another_model_is_killed()
    {
        using var bed = new LaunchBed();
        IManagedRunner runner = bed.Start("""{"answer_as": "other:latest"}""");

        RunnerFailure? failure = await runner.Ready.WaitAsync(LaunchBed.Limit);

        Assert.Equal(StopReason.WrongModel, failure?.Reason);
        Figures.Print($"check 34: not ready: {failure?.Message}");
        Assert.Equal("llama-server answers as \"other:latest\" instead of \"tiny:latest\"", failure?.Message);
        Assert.False(ProcessTable.IsAlive(runner.ProcessId!.Value));
    }

    [Fact]
    public async Task A_runner_that_is_never_ready_is_killed_after_the_load_timeout()
    {
        using var bed = new LaunchBed(new RunnerSettings { LoadTimeout = TimeSpan.FromMilliseconds(400) });
        IManagedRunner runner = bed.Start("""{"never_ready": true}""");

        RunnerFailure? failure = await runner.Ready.WaitAsync(LaunchBed.Limit);

        Assert.Equal(StopReason.LoadTimeout, failure?.Reason);
        Assert.StartsWith("llama-server was not ready after 0.4 s: it", failure?.Message, StringComparison.Ordinal);
        Assert.Equal(failure, await runner.Exited.WaitAsync(LaunchBed.Limit));
        Assert.False(ProcessTable.IsAlive(runner.ProcessId!.Value));
    }

    [Theory]
    [InlineData("""{"exit_at_start": 3}""", "Exited", "ended with exit code 3")]
    [InlineData("""{"exit_before_ready": 1, "stderr_text": "E load: unknown model architecture: 'x'"}""", "ModelUnsupported", "'x'")]
    [InlineData("""{"signal_before_ready": 9, "load_delay_ms": 50}""", "Killed", "was killed by signal 9 (SIGKILL)")]
    [InlineData("""{"signal_at_start": 11}""", "Crashed", "SIGSEGV")]
    [InlineData("""{"refuse_argument": "--metrics"}""", "Argument", "invalid argument: --metrics")]
    public async Task A_start_that_fails_says_why(string faults, string reason, string part)
    {
        using var bed = new LaunchBed();
        IManagedRunner runner = bed.Start(faults);

        RunnerFailure? failure = await runner.Ready.WaitAsync(LaunchBed.Limit);

        Assert.Equal(reason, failure?.Reason.ToString());
        Assert.Contains(part, failure?.Message, StringComparison.Ordinal);
        Assert.Equal(failure, await runner.Exited.WaitAsync(LaunchBed.Limit));
        Assert.Empty(bed.Sockets);
    }

    [Fact]
    public async Task A_crash_after_ready_is_seen_at_once_and_no_stop_is_needed()
    {
        using var bed = new LaunchBed();
        IManagedRunner runner = bed.Start("""{"grandchild": true, "signal_at_request": 11}""");
        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(runner.Endpoint.BaseAddress, "v1/completions"));

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => runner.Endpoint.Client.SendAsync(request, CancellationToken.None));

        Assert.Equal(StopReason.Crashed, (await runner.Exited.WaitAsync(LaunchBed.Limit))?.Reason);
        await runner.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);
    }

    [Fact]
    public async Task LIF_11_a_runner_that_ignores_SIGTERM_is_killed_when_the_grace_time_is_over()
    {
        TimeSpan grace = TimeSpan.FromSeconds(7);
        var time = new TimerWatch();
        using var bed = new LaunchBed(new RunnerSettings { StopGrace = grace }, time);
        IManagedRunner runner = bed.Start("""{"ignore_sigterm": true, "grandchild": true}""");
        await DaemonFixture.WaitUntilAsync(
            () =>
            {
                time.Advance(TimeSpan.FromMilliseconds(10));
                return Task.FromResult(runner.Ready.IsCompleted);
            },
            LaunchBed.Limit);
        Assert.Null(await runner.Ready);

        Task stopping = runner.StopAsync(StopReason.Unloaded);
        await time.WaitForTimerAsync(grace);
        time.Advance(grace - TimeSpan.FromMilliseconds(1));
        Assert.False(stopping.IsCompleted);
        Assert.True(ProcessTable.IsAlive(runner.ProcessId!.Value));

        // From here on the clock stands still, so only a kill can end it.
        time.Advance(TimeSpan.FromMilliseconds(1));
        await stopping.WaitAsync(LaunchBed.Limit);

        Assert.False(ProcessTable.IsAlive(runner.ProcessId!.Value));
        Assert.Null(await runner.Exited);
    }

    [Fact]
    public async Task A_stop_while_loading_ends_the_start()
    {
        using var bed = new LaunchBed();
        IManagedRunner runner = bed.Start("""{"never_ready": true}""");

        await runner.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);

        Assert.Equal(StopReason.Unloaded, (await runner.Ready)?.Reason);
        Assert.Null(await runner.Exited);
        Assert.Empty(bed.Sockets);
    }

    [Fact]
    public async Task Stopping_twice_is_stopping_once()
    {
        using var bed = new LaunchBed();
        IManagedRunner runner = bed.Start();
        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));

        Assert.Same(runner.StopAsync(StopReason.Unloaded), runner.StopAsync(StopReason.Unloaded));

        await runner.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);
    }

    [Fact]
    public async Task A_flood_of_log_text_delays_no_request()
    {
        using var bed = new LaunchBed();
        IManagedRunner runner = bed.Start("""{"flood_stderr_bytes": 100000000, "flood_binary": true}""", RunnerMode.Embedding);
        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));

        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(runner.Endpoint.BaseAddress, "v1/embeddings"))
        {
            Content = new StringContent("""{"input":"a b"}"""),
        };
        using HttpResponseMessage response = await runner.Endpoint.Client.SendAsync(request, CancellationToken.None).WaitAsync(LaunchBed.Limit);

        Assert.True(response.IsSuccessStatusCode);
        await runner.StopAsync(StopReason.Unloaded).WaitAsync(LaunchBed.Limit);
    }

    [Fact]
    public async Task Without_an_executable_engine_the_start_fails_with_a_sentence()
    {
        using var bed = new LaunchBed(new RunnerSettings { LlamaServerPath = "/nowhere/llama-server" });

        RunnerFailure? failure = await bed.StartFile("/m/a.gguf").Ready.WaitAsync(LaunchBed.Limit);

        Assert.Equal(StopReason.NotStarted, failure?.Reason);
        Assert.Contains("/nowhere/llama-server", failure?.Message, StringComparison.Ordinal);
    }
}
