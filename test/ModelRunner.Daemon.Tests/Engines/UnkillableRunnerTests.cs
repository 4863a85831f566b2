using Microsoft.Extensions.Logging.Abstractions;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines;
using ModelRunner.Daemon.Engines.Command;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Tests.Linux.Processes;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Engines;

public sealed class UnkillableRunnerTests : IDisposable
{
    private readonly SpawnBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [Fact]
    public async Task A_process_that_survives_SIGKILL_after_the_load_timeout_does_not_keep_requests_waiting()
    {
        RunnerProcess runner = Start(new RunnerSettings { LoadTimeout = TimeSpan.FromMilliseconds(50) });

        Assert.Equal(StopReason.LoadTimeout, (await runner.Ready.WaitAsync(LaunchBed.Limit))?.Reason);
        Assert.Equal(StopReason.LoadTimeout, (await runner.Exited.WaitAsync(LaunchBed.Limit))?.Reason);
        Assert.True(ProcessTable.IsAlive(runner.ProcessId!.Value));
    }

    [Fact]
    public async Task An_unexpected_failure_keeps_no_request_waiting_and_no_process_running()
    {
        RunnerProcess runner = Start(
            new RunnerSettings { LoadTimeout = TimeSpan.FromMilliseconds(50) }, static _ => throw new InvalidOperationException("unexpected"));

        RunnerFailure? failure = await runner.Ready.WaitAsync(LaunchBed.Limit);

        Assert.Equal((StopReason.NotStarted, "the daemon failed to watch it: unexpected"), (failure?.Reason, failure?.Message));
        Assert.Equal(failure, await runner.Exited.WaitAsync(LaunchBed.Limit));
        await ProcessTable.WaitUntilGoneAsync(runner.ProcessId!.Value, LaunchBed.Limit);
    }

    // By default the action that kills does nothing, so the process behaves as one that hangs in a driver.
    private RunnerProcess Start(RunnerSettings settings, Action<ChildProcess>? kill = null)
    {
        string socket = Path.Join(_bed.Folder, "runner.sock");
        var start = new RunnerStart(
            new CommandEngine(new EngineSettings("sleeper", ["/bin/sh"], "/health", null)), "tiny:latest", "/bin/sh", [], [],
            RunnerEndpointFactory.ForSocket(new RunnerId(1), socket))
        {
            SocketPath = socket,
        };
        return new RunnerProcess(
            _bed.StartShellAsync("exec sleep 600"), start, settings, new OutOfMemoryKills(static () => null), TimeProvider.System, NullLogger.Instance,
            kill ?? (static _ => { }));
    }
}
