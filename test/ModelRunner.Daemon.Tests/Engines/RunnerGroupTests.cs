using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Engines;
using ModelRunner.Daemon.Engines.Command;
using ModelRunner.Daemon.Models;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Tests.Linux.Processes;
using ModelRunner.Linux.Processes;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Engines;

/// <summary>Runners in control groups of their own.</summary>
public sealed class RunnerGroupTests
{
    private const long GroupBytes = 64 << 20;

    [Fact]
    public async Task A_runner_with_a_limit_enters_its_group_before_its_program_and_leaves_no_group()
    {
        using var fake = new FakeGroup();
        Assert.Null(fake.Group.Prepare());
        string folder = fake.Expect(1);
        using var bed = new LaunchBed(groups: fake.Group);
        var model = new ModelEntry("tiny:latest", fake.PathOf("m.gguf"), 1, DateTimeOffset.UnixEpoch, new ModelSettings { MemoryLimitBytes = 1 << 30 })
        {
            ContextSize = 512, Slots = 2,
        };

        IManagedRunner runner = bed.StartModel(model);

        Assert.Null(await runner.Ready.WaitAsync(LaunchBed.Limit));
        Assert.Equal(runner.ProcessId!.Value.ToString(CultureInfo.InvariantCulture), File.ReadAllText(Path.Join(folder, "cgroup.procs")));
        Assert.Equal("1073741824", File.ReadAllText(Path.Join(folder, "memory.max")));
        await runner.StopAsync(StopReason.Idle).WaitAsync(LaunchBed.Limit);
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task A_limit_that_cannot_be_kept_any_more_starts_nothing()
    {
        using var fake = new FakeGroup(controllers: "pids");
        using var bed = new LaunchBed(new RunnerSettings { MemoryLimitBytes = 1 << 30 }, groups: fake.Group);

        RunnerFailure? failure = await bed.Start().Ready.WaitAsync(LaunchBed.Limit);

        Assert.Equal(StopReason.NotStarted, failure?.Reason);
        Assert.Contains("(memoryLimit): its control group has no memory controller", failure?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_runner_whose_group_is_gone_does_not_run_without_its_limit()
    {
        using var bed = new SpawnBed();

        ChildProcess child = await bed.StartAsync(new RunnerGroup("/nowhere", static _ => { }), "/bin/echo", "runs");
        ExitStatus status = await child.Exited.WaitAsync(LaunchBed.Limit);

        Assert.Equal(1, status.Code);
        Assert.StartsWith("join-group: failed to enter the control group: ", Assert.Single(child.Output.ReadLines()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_runner_that_the_kernel_ends_at_its_limit_ran_out_of_memory()
    {
        using MemoryGroup limited = Prerequisite.Require(
            MemoryGroup.TryCreate(GroupBytes), "The memory of a process cannot be limited here: run the tests as root, with a writable /sys/fs/cgroup.");
        using var bed = new SpawnBed();
        int removals = 0;
        var group = new RunnerGroup(limited.Folder, _ => removals++);
        var start = new RunnerStart(
            new CommandEngine(new EngineSettings("greedy", ["/bin/sh"], "/health", null)), "tiny:latest", "/usr/bin/tail", [], [],
            RunnerEndpointFactory.ForSocket(new RunnerId(1), Path.Join(bed.Folder, "runner.sock")))
        {
            Group = group,
        };

        var runner = new RunnerProcess(
            bed.StartAsync(group, "/usr/bin/tail", "/dev/zero"), start, new RunnerSettings(), new OutOfMemoryKills(static () => null), TimeProvider.System,
            NullLogger.Instance);
        RunnerFailure? failure = await runner.Exited.WaitAsync(LaunchBed.Limit) ?? await runner.Ready;

        Assert.Equal((StopReason.Killed, CrashClass.OutOfMemory), (failure?.Reason, failure?.Class));
        Assert.EndsWith(
            "; the kernel's out-of-memory killer ended it at the limit of its memory: raise memoryLimit, or use a smaller model or contextSize",
            failure?.Message, StringComparison.Ordinal);
        Assert.Equal(1, removals);
    }
}
