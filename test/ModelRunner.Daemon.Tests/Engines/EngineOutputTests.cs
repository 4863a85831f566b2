using System.Globalization;
using ModelRunner.Daemon.Engines.Llama;
using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Engines;

/// <summary>What an engine that is asked about itself has started, and left in its own session, without an environment and without a parent.</summary>
public sealed class EngineOutputTests : IDisposable
{
    // The mark is set when the program has begun, so the script waits for it. Only then is it certain that what it starts inherits the mark.
    private const string Escape = """
        until grep -q '^Max file locks *[0-9]' /proc/$$/limits; do sleep 0.01; done
        env -i /usr/bin/setsid /bin/sh -c '/usr/bin/setsid /bin/sh -c "echo \$\$ > FILE.new; mv FILE.new FILE; exec /bin/sleep 600 > /dev/null 2>&1" & exit' &
        wait
        until [ -e FILE ]; do sleep 0.01; done
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_process_that_escaped_from_a_query_that_ended_belongs_to_the_daemon_and_is_found_after_its_death()
    {
        Assert.Equal("done\n", (await AskAsync("echo done", DaemonFixture.Patience))!.Output);
        int escaped = ReadEscaped();

        Assert.DoesNotContain("MODEL_RUNNER", await File.ReadAllTextAsync($"/proc/{escaped}/environ", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        ulong mark = InheritedMark.Find(escaped)!.Value;
        Assert.Equal(InheritedMark.OwnerOf(DaemonIdentity.Own), InheritedMark.OwnerOf(mark));

        // Its daemon lives, so no sweep may end it. As a process of a daemon that has ended it is one of those that the sweep kills.
        OrphanSweep.KillProcesses([InheritedMark.OwnerOf(mark)]);
        Assert.True(ProcessTable.IsAlive(escaped));
        InheritedMark.Set(escaped, InheritedMark.Of($"M={DaemonIdentity.Own with { StartTime = 1 }}-1")!.Value);
        OrphanSweep.KillProcesses([InheritedMark.OwnerOf(DaemonIdentity.Own with { StartTime = 1 })]);
        await ProcessTable.WaitUntilGoneAsync(escaped, DaemonFixture.Patience);
    }

    [Fact]
    public async Task A_process_that_escaped_from_a_query_that_hangs_is_killed()
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        Task<EngineOutput?> query = AskAsync("exec sleep 600", Timeout.InfiniteTimeSpan, leaving.Token);
        await DaemonFixture.WaitUntilAsync(() => Task.FromResult(File.Exists(_folder.PathOf("escaped"))), DaemonFixture.Patience);
        int escaped = ReadEscaped();
        Assert.True(ProcessTable.IsAlive(escaped));

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => query);
        await ProcessTable.WaitUntilGoneAsync(escaped, DaemonFixture.Patience);
    }

    [Fact]
    public async Task The_program_has_the_variables_by_which_a_later_daemon_finds_it()
    {
        string program = _folder.WriteExecutable("engine");
        await File.WriteAllTextAsync(program, "#!/bin/sh\nenv\n", TestContext.Current.CancellationToken);

        EngineOutput? told = await EngineOutput.ReadAsync(program, "--version", DaemonFixture.Patience, TestContext.Current.CancellationToken);

        Assert.Contains($"{ProcessMark.OwnerVariable}={DaemonIdentity.Own}\n", told!.Output, StringComparison.Ordinal);
    }

    private Task<EngineOutput?> AskAsync(string then, TimeSpan patience, CancellationToken? leaving = null)
    {
        string program = _folder.WriteExecutable("engine");
        File.WriteAllText(program, $"#!/bin/sh\n{Escape.Replace("FILE", _folder.PathOf("escaped"), StringComparison.Ordinal)}\n{then}\n");
        return EngineOutput.ReadAsync(program, "--version", patience, leaving ?? TestContext.Current.CancellationToken);
    }

    private int ReadEscaped() => int.Parse(File.ReadAllText(_folder.PathOf("escaped")), CultureInfo.InvariantCulture);
}
