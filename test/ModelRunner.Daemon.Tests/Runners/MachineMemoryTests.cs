using ModelRunner.Daemon.Runners;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Runners;

public class MachineMemoryTests
{
    [Theory]
    [InlineData("1000", "400", "inactive_file 100\n", 700L)]
    [InlineData("1000", "400", "anon 7\nactive_file 3\ninactive_file 500\n", 1000L)]
    [InlineData("1000", "900", "active_file 300\ninactive_file 100\n", 500L)]
    [InlineData("1000", "1200", "inactive_file 0\n", 0L)]
    [InlineData("max", "400", "inactive_file 0\n", null)]
    [InlineData("1000", "400", "", 600L)]
    public void The_free_memory_of_a_control_group_follows_from_its_limit(string limit, string current, string stat, long? expected)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Join(folder.Path, "memory.max"), limit + "\n");
        File.WriteAllText(Path.Join(folder.Path, "memory.current"), current + "\n");
        File.WriteAllText(Path.Join(folder.Path, "memory.stat"), stat);
        Assert.Equal(expected, MachineMemory.ReadGroup(folder.Path));
    }

    [Theory]
    [InlineData("low 0\noom 3\noom_kill 2\noom_group_kill 1\n", 2L)]
    [InlineData("low 0\noom 3\n", null)]
    public void The_kills_of_a_control_group_are_read(string events, long? expected)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Join(folder.Path, "memory.events"), events);
        Assert.Equal(expected, MachineMemory.ReadOutOfMemoryKills(folder.Path));
        Assert.Null(MachineMemory.ReadOutOfMemoryKills("/nowhere"));
    }

    [Fact]
    public void Without_a_control_group_its_values_are_null() => Assert.Null(MachineMemory.ReadGroup("/nowhere"));

    [Fact]
    public void Memory_of_descendants_counts_for_their_process()
    {
        Assert.True(MachineMemory.ReadHeldBy(Environment.ProcessId) > 1024 * 1024);
        Assert.Equal(0, MachineMemory.ReadHeldBy(int.MaxValue));
        Assert.True(MachineMemory.ReadAvailableTo([Environment.ProcessId]) > 0);
    }

    [Fact]
    public void This_machine_has_free_memory() => Assert.True(MachineMemory.ReadAvailable() > 0);
}
