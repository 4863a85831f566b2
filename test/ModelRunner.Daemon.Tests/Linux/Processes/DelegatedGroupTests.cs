using System.Globalization;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

/// <summary>Control groups of runners, in folders that look like those of the kernel.</summary>
public sealed class DelegatedGroupTests
{
    private static readonly string Own = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    [Fact]
    public void The_daemon_moves_itself_into_a_leaf_and_gives_the_controller_to_its_children()
    {
        using var fake = new FakeGroup();
        string left = fake.Expect(77);

        Assert.Null(fake.Group.Prepare());

        Assert.Equal(Own, fake.Read("model-runner-daemon/cgroup.procs"));
        Assert.Equal("+memory", fake.Read("cgroup.subtree_control"));
        Assert.False(Directory.Exists(left), "The group that a killed daemon has left is still there.");
    }

    [Fact]
    public void A_daemon_that_is_in_its_leaf_already_stays_there()
    {
        using var fake = new FakeGroup("svc/model-runner-daemon");

        Assert.Null(fake.Group.Prepare());

        Assert.Equal("+memory", fake.Read("cgroup.subtree_control"));
        Assert.False(Directory.Exists(fake.PathOf("model-runner-daemon/model-runner-daemon")));
    }

    [Fact]
    public void A_group_with_another_program_is_left_alone()
    {
        using var fake = new FakeGroup { IsOwn = static process => process == Environment.ProcessId };
        fake.Write("cgroup.procs", Own + "\n1\n");

        Assert.Equal("other programs are in its control group", fake.Group.Prepare());

        Assert.Equal("", fake.Read("cgroup.subtree_control"));
        Assert.Equal("", fake.Read("model-runner-daemon/cgroup.procs"));

        // A problem is not for ever: the other program may have ended before a reload.
        fake.Write("cgroup.procs", Own + "\n");
        Assert.Null(fake.Group.Prepare());
    }

    [Fact]
    public void A_group_without_the_controller_cannot_be_used()
    {
        using var fake = new FakeGroup(controllers: "hugetlb memory2");

        Assert.Equal("its control group has no memory controller of version 2", fake.Group.Prepare());
        SpawnException failure = Assert.Throws<SpawnException>(() => fake.Group.Create(1 << 30));
        Assert.Equal(
            "the memory of the runner cannot be limited (memoryLimit): its control group has no memory controller of version 2", failure.Message);
    }

    [Fact]
    public void A_group_that_this_process_is_not_in_is_not_touched()
    {
        using var fake = new FakeGroup();
        fake.Write("cgroup.procs", "1\n");

        Assert.Equal("its control group of version 2 is not visible here", fake.Group.Prepare());
    }

    [Fact]
    public void A_runner_gets_a_group_with_its_limit_which_is_removed_at_its_end()
    {
        using var fake = new FakeGroup();
        Assert.Null(fake.Group.Prepare());
        string folder = fake.Expect(1);

        RunnerGroup group = fake.Group.Create(2L << 30);

        Assert.Equal(folder, group.Folder);
        Assert.Equal("2147483648", File.ReadAllText(Path.Join(folder, "memory.max")));
        Assert.Equal("1", File.ReadAllText(Path.Join(folder, "memory.oom.group")));
        Assert.False(group.HasRunOutOfMemory);
        File.WriteAllText(Path.Join(folder, "memory.events"), "low 0\nhigh 0\nmax 12\noom 1\noom_kill 2\noom_group_kill 1\n");
        Assert.True(group.HasRunOutOfMemory);
        group.Remove();
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public void A_group_that_the_kernel_still_holds_is_removed_at_the_next_start()
    {
        using var fake = new FakeGroup();
        Assert.Null(fake.Group.Prepare());
        string first = fake.Expect(1);
        string second = fake.Expect(2);
        RunnerGroup group = fake.Group.Create(1 << 30);
        Action<string> remove = fake.Remove;
        fake.Remove = static _ => throw new IOException("Device or resource busy");
        group.Remove();
        Assert.True(Directory.Exists(first));
        fake.Remove = remove;

        Assert.Equal(second, fake.Group.Create(1 << 30).Folder);

        Assert.False(Directory.Exists(first));
    }

    [Fact]
    public void A_group_that_cannot_be_limited_is_not_used()
    {
        // The kernel has made no files: nothing would keep the limit.
        using var fake = new FakeGroup();

        SpawnException failure = Assert.Throws<SpawnException>(() => fake.Group.Create(1 << 30));

        Assert.StartsWith("the memory of the runner cannot be limited (memoryLimit): ", failure.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetDirectories(fake.PathOf(""), "model-runner-runner-*"));
    }

    [Fact]
    public void The_processes_of_this_daemon_are_its_own_and_others_are_not()
    {
        using var child = System.Diagnostics.Process.Start("/bin/sleep", "600");
        try
        {
            Assert.True(OwnProcesses.Contains(Environment.ProcessId));
            Assert.True(OwnProcesses.Contains(child.Id));
            Assert.False(OwnProcesses.Contains(1));
        }
        finally
        {
            child.Kill();
        }
    }
}
