using System.Text;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

public sealed class OutOfMemoryKillsTests
{
    [Fact]
    public void Each_kill_of_a_process_without_a_name_explains_one_runner()
    {
        long? count = 5;
        using var kills = new OutOfMemoryKills(() => count);
        Assert.Equal(MemoryKill.No, kills.Explain(1));
        count = 7;
        Assert.Equal(
            [MemoryKill.Perhaps, MemoryKill.Perhaps, MemoryKill.No],
            (MemoryKill[])[kills.Explain(1), kills.Explain(2), kills.Explain(3)]);
        count = null;
        Assert.Equal(MemoryKill.No, kills.Explain(4));
    }

    [Theory]
    [InlineData("3,1234,567890,-;Memory cgroup out of memory: Killed process 4711 (llama-server) total-vm:221368kB, anon-rss:32512kB", 4711)]
    [InlineData("3,1234,567890,-;Out of memory: Killed process 4711 (python3) total-vm:1kB\n SUBSYSTEM=x\n DEVICE=+y", 4711)]
    [InlineData("6,1,2,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,oom_memcg=/a,task_memcg=/a,task=x,pid=4711,uid=0", 4711)]
    [InlineData("6,1,2,-;oom-kill:constraint=CONSTRAINT_MEMCG,task=,pid=1,pid=4711,uid=0", 4711)]
    [InlineData("3,1,2,-;Out of memory: Killed process", null)]
    [InlineData("3,1,2,-;Out of memory: Killed process x", null)]
    [InlineData("3,1,2,-;Killed process 4711 (x)", null)]
    [InlineData("6,1,2,-;usb 1-1: new device", null)]
    [InlineData("oom-kill:pid=4711", null)]
    [InlineData("", null)]
    public void A_record_of_the_kernel_names_the_process(string record, int? process) =>
        Assert.Equal(process, KernelLog.FindKill(Encoding.UTF8.GetBytes(record)));
}
