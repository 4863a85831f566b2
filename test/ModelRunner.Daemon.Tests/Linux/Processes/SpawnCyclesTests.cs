using ModelRunner.Daemon.Tests.Checks;
using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

/// <summary>Counts the open files of this process, so no other test may run at the same time.</summary>
[Collection(Name)]
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class SpawnCyclesTests
{
    private const string Name = "counts of the whole process";
    private const int Cycles = 2000;

    [Fact]
    public async Task Check_28_Two_thousand_starts_leave_no_zombie_no_open_file_and_no_thread()
    {
        using var bed = new SpawnBed();
        await RunAsync(bed, 8);
        int files = CountFiles();
        int threads = CountThreads();

        await RunAsync(bed, Cycles);

        Figures.Print($"{Cycles} starts, {ProcessTable.CountZombies()} zombies, {CountFiles() - files} files and {CountThreads() - threads} threads more");
        Assert.Equal(0, ProcessTable.CountZombies());
        Assert.InRange(CountFiles(), 0, files + 4);
        Assert.InRange(CountThreads(), 0, threads + 8);
    }

    private static async Task RunAsync(SpawnBed bed, int count)
    {
        string[] endings = ["exit 0", "exit 3", "kill -KILL $$", "exec /nowhere", "head -c 100000 /dev/zero"];
        for (int i = 0; i < count; i++)
        {
            ChildProcess child = await bed.StartShellAsync(endings[i % endings.Length]);
            await child.Exited.WaitAsync(TimeSpan.FromSeconds(30));
        }
    }

    private static int CountFiles() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    private static int CountThreads() => Directory.GetDirectories("/proc/self/task").Length;
}
