using ModelRunner.Daemon.Runners;

namespace ModelRunner.Daemon.Tests.Runners;

public class MachineMemoryTests
{
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
