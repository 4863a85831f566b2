using System.Globalization;
using ModelRunner.Daemon.Runners.Processes;

namespace ModelRunner.Daemon.Tests.Runners.Processes;

public sealed class ChildProcessTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly SpawnBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [Fact]
    public async Task The_exit_code_and_the_last_words_are_there_when_the_end_is_reported()
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
    public async Task A_flood_without_line_ends_blocks_nobody_and_is_bounded()
    {
        const long Bytes = 300_000_000;
        ChildProcess child = await _bed.StartShellAsync($"head -c {Bytes} /dev/zero >&2; exit 3");

        Assert.Equal(new ExitStatus(3, null), await child.Exited.WaitAsync(Limit));
        Assert.Equal(Bytes - LogRing.DefaultCapacity, child.Output.DroppedBytes);
        Assert.Single(child.Output.ReadLines());
    }

    [Fact]
    public async Task A_grandchild_of_the_group_that_holds_the_pipe_delays_nothing_and_is_killed()
    {
        ChildProcess child = await _bed.StartShellAsync("sleep 600 & echo $!; exit 0");

        await child.Exited.WaitAsync(Limit);

        await ProcessTable.WaitForEndAsync(int.Parse(child.Output.ReadLines()[0], CultureInfo.InvariantCulture), Limit);
    }

    [Fact]
    public async Task A_grandchild_of_another_group_that_holds_the_pipe_does_not_delay_the_end()
    {
        ChildProcess child = await _bed.StartShellAsync("setsid sleep 600 & echo $!; exit 0");

        Assert.Equal(new ExitStatus(0, null), await child.Exited.WaitAsync(Limit));
        Assert.Equal(0, Libc.Kill(int.Parse(child.Output.ReadLines()[0], CultureInfo.InvariantCulture), Libc.SigKill));
    }

    [Fact]
    public async Task A_signal_after_the_end_reaches_nobody()
    {
        ChildProcess child = await _bed.StartShellAsync("exit 0");
        await child.Exited.WaitAsync(Limit);

        child.Signal(Libc.SigKill);
        child.SignalGroup(Libc.SigKill);

        Assert.False(ProcessTable.IsAlive(child.Id));
    }

    [Fact]
    public async Task The_whole_group_can_be_killed_even_when_it_is_stopped()
    {
        ChildProcess child = await _bed.StartShellAsync("sleep 600 & echo $!; wait");
        await WaitForOutputAsync(child);
        int grandchild = int.Parse(child.Output.ReadLines()[0], CultureInfo.InvariantCulture);
        child.SignalGroup(19);

        child.SignalGroup(Libc.SigKill);

        Assert.Equal(new ExitStatus(null, Libc.SigKill), await child.Exited.WaitAsync(Limit));
        await ProcessTable.WaitForEndAsync(grandchild, Limit);
    }

    private static async Task WaitForOutputAsync(ChildProcess child)
    {
        using var timeout = new CancellationTokenSource(Limit);
        while (child.Output.ReadLines().Count == 0)
            await Task.Delay(5, timeout.Token);
    }
}
