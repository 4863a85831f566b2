using System.Diagnostics;
using System.Globalization;
using ModelRunner.Linux;
using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

/// <summary>LIF-10: a daemon that is killed leaves nothing behind.</summary>
public sealed class ParentDeathTests
{
    [Theory]
    [InlineData("setpriv")]
    [InlineData("exec-runner")]
    public async Task LIF_10_no_runner_outlives_a_daemon_that_was_killed(string prefixKind)
    {
        using Process host = Process.Start(SpawnHost.Command(prefixKind))!;
        int[] runners = [await ReadAsync(host), await ReadAsync(host), await ReadAsync(host)];
        Assert.All(runners, static runner => Assert.True(ProcessTable.IsAlive(runner)));

        // The daemon is killed at a random time during another start.
        await KillAsync(host);

        foreach (int runner in runners)
            await ProcessTable.WaitUntilGoneAsync(runner, DaemonFixture.Patience);
    }

    [Fact]
    public async Task A_process_that_escaped_is_ended_at_the_next_start()
    {
        using Process host = Process.Start(SpawnHost.Command("setpriv", withGrandchildren: true))!;
        int[] grandchildren = [await ReadAsync(host), await ReadAsync(host)];
        await KillAsync(host);

        OrphanSweep.Run([]);

        foreach (int grandchild in grandchildren)
            await ProcessTable.WaitUntilGoneAsync(grandchild, DaemonFixture.Patience);
    }

    [Fact]
    public async Task LIF_10_an_engine_of_a_wrapper_script_ends_after_its_daemon_was_killed()
    {
        using Process host = Process.Start(SpawnHost.Command("setpriv", withGuardian: true))!;

        // The second one is started after the guardian, which the first one requires, is running.
        int[] engines = [await ReadAsync(host), await ReadAsync(host)];
        Assert.All(engines, static engine => Assert.True(ProcessTable.IsAlive(engine)));

        await KillAsync(host);

        foreach (int engine in engines)
            await ProcessTable.WaitUntilGoneAsync(engine, DaemonFixture.Patience);
    }

    /// <summary>Neither environment nor session, group and parents are left: setsid, a double fork and env -i.</summary>
    [Fact]
    public async Task LIF_10_a_process_without_environment_session_and_parent_ends_after_its_daemon_was_killed()
    {
        using Process host = Process.Start(SpawnHost.Command("exec-runner", withEscape: true))!;
        int[] escaped = [await ReadAsync(host), await ReadAsync(host)];
        Assert.All(escaped, static process => Assert.DoesNotContain("MODEL_RUNNER", File.ReadAllText($"/proc/{process}/environ"), StringComparison.Ordinal));

        await KillAsync(host);

        foreach (int process in escaped)
            await ProcessTable.WaitUntilGoneAsync(process, DaemonFixture.Patience);
    }

    [Fact]
    public async Task A_start_stops_if_its_daemon_died()
    {
        // Its parent is this process and not the one in its arguments.
        string executable = Path.Join(AppContext.BaseDirectory, "model-runner");
        using Process step = Process.Start(new ProcessStartInfo(executable, ["exec-runner", "1", "--", "/bin/sh", "-c", "exit 42"]))!;

        await step.WaitForExitAsync();

        Assert.Equal(1, step.ExitCode);
    }

    [Fact]
    public async Task The_intermediate_process_executes_the_program()
    {
        using var bed = new SpawnBed(SpawnHost.Prefix("exec-runner"));
        ChildProcess child = await bed.StartShellAsync("echo $$; grep SigIgn /proc/self/status; exit 42");

        Assert.Equal(new ExitStatus(42, null), await child.Exited.WaitAsync(DaemonFixture.Patience));
        Assert.Equal(child.Id.ToString(CultureInfo.InvariantCulture), child.Output.ReadLines()[0]);

        // The runtime of the intermediate process ignores SIGPIPE; the program must not.
        long ignored = long.Parse(child.Output.ReadLines()[1].AsSpan()[^16..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        Assert.Equal(0, ignored & (1 << (Libc.SigPipe - 1)));
    }

    [Fact]
    public async Task A_program_that_the_intermediate_process_cannot_execute_is_reported_with_the_cause()
    {
        using var bed = new SpawnBed(SpawnHost.Prefix("exec-runner"));
        ChildProcess child = await bed.StartAsync("/nowhere/llama-server");

        Assert.Equal(new ExitStatus(126, null), await child.Exited.WaitAsync(DaemonFixture.Patience));
        Assert.Equal(["exec-runner: failed to execute /nowhere/llama-server: No such file or directory"], child.Output.ReadLines());
    }

    private static async Task<int> ReadAsync(Process host) =>
        int.Parse((await host.StandardOutput.ReadLineAsync())!, CultureInfo.InvariantCulture);

    private static async Task KillAsync(Process host)
    {
        host.Kill();
        await host.WaitForExitAsync();
    }
}
