using System.Globalization;
using ModelRunner.Linux;
using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

public sealed class ChildProcessTests : IDisposable
{
    private const int StopSignal = 19;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly SpawnBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [Fact]
    public async Task The_exit_code_and_the_output_are_available_when_the_end_is_reported()
    {
        ChildProcess child = await _bed.StartShellAsync("echo to output; echo to error >&2; exit 7");

        ExitStatus status = await child.Exited.WaitAsync(Limit);

        Assert.Equal(new ExitStatus(7, null), status);
        Assert.Equal(["to output", "to error"], child.Output.ReadLines());
    }

    [Fact]
    public async Task The_signal_that_ended_it_is_reported()
    {
        ChildProcess child = await _bed.StartShellAsync("kill -SEGV $$");

        Assert.Equal(new ExitStatus(null, 11), await child.Exited.WaitAsync(Limit));
    }

    [Fact]
    public async Task Endless_output_without_line_ends_is_read_to_its_end()
    {
        const long Bytes = 300_000_000;
        ChildProcess child = await _bed.StartShellAsync($"head -c {Bytes} /dev/zero >&2; exit 3");

        Assert.Equal(new ExitStatus(3, null), await child.Exited.WaitAsync(Limit));
        Assert.Single(child.Output.ReadLines());
    }

    [Fact]
    public async Task A_grandchild_that_holds_the_pipe_open_is_killed()
    {
        ChildProcess child = await _bed.StartShellAsync("sleep 600 & echo $!; exit 0");

        await child.Exited.WaitAsync(Limit);

        await ProcessTable.WaitUntilGoneAsync(int.Parse(child.Output.ReadLines()[0], CultureInfo.InvariantCulture), Limit);
    }

    [Fact]
    public async Task A_grandchild_in_its_own_session_ends_with_the_process()
    {
        ChildProcess child = await _bed.StartShellAsync("setsid sleep 600 & echo $!; exit 0");

        Assert.Equal(new ExitStatus(0, null), await child.Exited.WaitAsync(Limit));

        // The end is reported after all processes have ended.
        Assert.False(ProcessTable.IsAlive(Number(child, 0)));
        Assert.Equal(0, child.Survivors);
    }

    [Theory]
    [InlineData("setsid sleep 600 & echo $!; wait")]
    [InlineData("setsid setsid sh -c 'echo $$; exec sleep 600' & exec sleep 600")]
    [InlineData("env -i setsid sleep 600 & echo $!; wait")]
    [InlineData("(setsid sh -c 'sleep 600 & echo $!; wait' &); exec sleep 600")]
    public async Task All_processes_that_a_wrapper_script_started_are_killed(string script)
    {
        ChildProcess child = await _bed.StartShellAsync(script);
        await WaitForOutputAsync(child);

        child.Kill();

        await child.Exited.WaitAsync(Limit);
        Assert.False(ProcessTable.IsAlive(Number(child, 0)));
    }

    /// <summary>It has another session and group, no environment, and its parents have ended.</summary>
    [Fact]
    public async Task A_process_that_kept_only_what_it_inherited_is_killed()
    {
        using var bed = new SpawnBed(SpawnHost.Prefix("exec-runner"));
        ChildProcess child = await bed.StartShellAsync(SpawnHost.ScriptWithEscape);
        await WaitForOutputAsync(child);

        child.Kill();

        await child.Exited.WaitAsync(Limit);
        Assert.False(ProcessTable.IsAlive(Number(child, 0)));
    }

    [Fact]
    public async Task A_process_of_another_user_with_the_mark_lives()
    {
        Prerequisite.Require(Environment.IsPrivilegedProcess, "Only root can start a process of another user.");
        string mark = $"M={DaemonIdentity.Own with { StartTime = 1 }}-7";
        string script = $"env {mark} sh -c 'echo $$; exec sleep 600' & wait";
        ChildProcess leader = await _bed.StartShellAsync("exec sleep 600");
        var tree = new ProcessTree(leader.Id, mark);
        ChildProcess ours = await _bed.StartShellAsync(script);
        ChildProcess foreign = await _bed.StartShellAsync($"setpriv --reuid 65534 --clear-groups {script}");
        await Task.WhenAll(WaitForOutputAsync(ours), WaitForOutputAsync(foreign));

        tree.Signal(Libc.SigKill);

        await ProcessTable.WaitUntilGoneAsync(Number(ours, 0), Limit);
        Assert.True(ProcessTable.IsAlive(Number(foreign, 0)));
    }

    [Fact]
    public async Task An_engine_behind_a_wrapper_script_may_end_by_itself_within_the_grace_time()
    {
        const string Engine = "trap 'sleep 0.2; echo saved; exit 0' TERM; echo up; while :; do sleep 0.02; done";
        ChildProcess child = await _bed.StartShellAsync($"setsid sh -c \"{Engine}\"; echo never");
        await WaitForOutputAsync(child);

        child.AskToEnd(Limit);

        await child.Exited.WaitAsync(Limit);
        Assert.Contains("saved", child.Output.ReadLines());
        Assert.DoesNotContain("never", child.Output.ReadLines());
    }

    [Fact]
    public async Task An_engine_behind_a_wrapper_script_may_write_more_than_a_pipe_holds_within_the_grace_time()
    {
        const string Engine = "trap 'head -c 300000 /dev/zero; echo; echo saved; exit 0' TERM; echo up; while :; do sleep 0.02; done";
        ChildProcess child = await _bed.StartShellAsync($"setsid sh -c \"{Engine}\"; echo never");
        await WaitForOutputAsync(child);

        child.AskToEnd(TimeSpan.FromSeconds(10));

        await child.Exited.WaitAsync(Limit);
        Assert.Equal("saved", child.Output.ReadLines()[^1]);
    }

    [Fact]
    public async Task An_engine_that_ignores_the_request_to_end_is_killed_when_the_grace_time_is_over()
    {
        ChildProcess child = await _bed.StartShellAsync("setsid sh -c \"trap '' TERM; echo $$; while :; do sleep 0.02; done\" & wait");
        await WaitForOutputAsync(child);

        child.AskToEnd(TimeSpan.FromMilliseconds(100));

        await child.Exited.WaitAsync(Limit);
        Assert.False(ProcessTable.IsAlive(Number(child, 0)));
    }

    [Fact]
    public async Task A_stopped_process_can_be_asked_to_end()
    {
        ChildProcess child = await _bed.StartShellAsync("trap 'exit 5' TERM; echo up; while :; do sleep 0.02; done");
        await WaitForOutputAsync(child);
        child.Signal(StopSignal);

        child.AskToEnd(Limit);

        Assert.Equal(new ExitStatus(5, null), await child.Exited.WaitAsync(Limit));
    }

    [Fact]
    public async Task A_foreign_process_in_the_same_session_is_not_ended()
    {
        ChildProcess other = await _bed.StartShellAsync("echo up; exec sleep 600");
        ChildProcess child = await _bed.StartShellAsync("echo up; exec sleep 600");
        await WaitForOutputAsync(other);
        await WaitForOutputAsync(child);

        child.Kill();

        await child.Exited.WaitAsync(Limit);
        Assert.True(ProcessTable.IsAlive(other.Id));
    }

    [Fact]
    public async Task A_signal_after_the_end_reaches_no_process()
    {
        ChildProcess child = await _bed.StartShellAsync("exit 0");
        await child.Exited.WaitAsync(Limit);

        child.Signal(Libc.SigKill);
        child.AskToEnd(TimeSpan.Zero);
        child.Kill();

        Assert.False(ProcessTable.IsAlive(child.Id));
    }

    [Fact]
    public async Task The_whole_group_can_be_killed_even_when_it_is_stopped()
    {
        ChildProcess child = await _bed.StartShellAsync("sleep 600 & echo $!; wait");
        await WaitForOutputAsync(child);
        int grandchild = Number(child, 0);
        child.Signal(StopSignal);

        child.Kill();

        Assert.Equal(new ExitStatus(null, Libc.SigKill), await child.Exited.WaitAsync(Limit));
        await ProcessTable.WaitUntilGoneAsync(grandchild, Limit);
    }

    private static int Number(ChildProcess child, int line) => int.Parse(child.Output.ReadLines()[line], CultureInfo.InvariantCulture);

    private static async Task WaitForOutputAsync(ChildProcess child)
    {
        using var timeout = new CancellationTokenSource(Limit);
        while (child.Output.ReadLines().Count == 0)
            await Task.Delay(5, timeout.Token);
    }
}
