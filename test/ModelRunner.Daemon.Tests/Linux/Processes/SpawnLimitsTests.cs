using ModelRunner.Linux.Processes;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

/// <summary>What a child may use, as the kernel shows it.</summary>
public sealed class SpawnLimitsTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    private readonly SpawnBed _bed = new();

    public void Dispose() => _bed.Dispose();

    [Fact]
    public async Task A_child_and_what_it_starts_run_only_on_their_processors()
    {
        ProcessorSet all = ProcessorAffinity.Read()!;
        ProcessorSet last = ProcessorSet.Of([all.Processors[^1]])!;
        const string Script = "grep -h Cpus_allowed_list /proc/self/status | cut -f2; sh -c 'grep Cpus_allowed_list /proc/self/status | cut -f2'";

        ChildProcess child = await _bed.StartAsync(last, "/bin/sh", "-c", Script);
        await child.Exited.WaitAsync(Limit);
        ChildProcess later = await _bed.StartShellAsync(Script);
        await later.Exited.WaitAsync(Limit);

        Assert.Equal([last.ToString(), last.ToString()], child.Output.ReadLines());
        Assert.Equal([all.ToString(), all.ToString()], later.Output.ReadLines());
    }

    [Fact]
    public async Task A_child_is_not_started_if_its_processors_are_gone()
    {
        ProcessorSet gone = ProcessorSet.Of([ProcessorSet.MaxProcessor])!;

        SpawnException failure = await Assert.ThrowsAsync<SpawnException>(() => _bed.StartAsync(gone, "/bin/true"));

        Assert.Equal("/bin/true could not be started: the processors 8191 (cpuSet) cannot be used any more", failure.Message);
    }

    [Fact]
    public async Task A_child_writes_no_core_dump_and_cannot_raise_the_limit()
    {
        ChildProcess child = await _bed.StartAsync("/bin/sleep", "600");

        string[] limits = await File.ReadAllLinesAsync($"/proc/{child.Id}/limits", TestContext.Current.CancellationToken);

        // The soft limit is 0 on many systems, the hard one on few.
        string line = limits.Single(static line => line.StartsWith("Max core file size", StringComparison.Ordinal));
        Assert.Equal(["0", "0", "bytes"], line["Max core file size".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal("500", (await File.ReadAllTextAsync($"/proc/{child.Id}/oom_score_adj", TestContext.Current.CancellationToken)).Trim());
    }
}
