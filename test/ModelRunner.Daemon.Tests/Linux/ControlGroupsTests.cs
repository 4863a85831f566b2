using ModelRunner.Linux.Memory;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux;

/// <summary>Control groups, read from folders that look like those of the kernel.</summary>
public sealed class ControlGroupsTests : IDisposable
{
    private const string Unlimited = "9223372036854771712";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("1000", "400", "inactive_file 100\n", 700L)]
    [InlineData("1000", "400", "anon 7\nactive_file 3\ninactive_file 500\n", 1000L)]
    [InlineData("1000", "900", "active_file 300\ninactive_file 100\n", 500L)]
    [InlineData("1000", "1200", "inactive_file 0\n", 0L)]
    [InlineData("max", "400", "inactive_file 0\n", null)]
    [InlineData("1000", "400", "", 600L)]
    public void The_free_memory_of_a_group_follows_from_its_limit(string limit, string current, string statistics, long? expected)
    {
        Second("a", limit, current, statistics);
        Assert.Equal(expected, Groups("0::/a", SecondMount()).ReadFree());
    }

    [Theory]
    [InlineData("max", "500", "1000", 100L)]
    [InlineData("300", "2000", "1000", 200L)]
    [InlineData("max", "max", "700", 600L)]
    [InlineData("max", "max", "max", null)]
    public void The_tightest_of_a_group_and_its_parents_counts(string own, string parent, string root, long? expected)
    {
        Second("a/b/c", own, "100");
        Second("a", parent, "400");
        Second("", root, "100");

        Assert.Equal(expected, Groups("0::/a/b/c", SecondMount()).ReadFree());
    }

    [Fact]
    public void The_use_of_other_programs_in_the_same_parent_counts()
    {
        Second("slice/daemon", "max", "100");
        Second("slice/other", "max", "850");
        Second("slice", "1000", "950");

        Assert.Equal(50, Groups("0::/slice/daemon", SecondMount()).ReadFree());
    }

    [Fact]
    public void The_limit_above_which_the_kernel_slows_down_counts_too()
    {
        Second("a", "1000", "100");
        _folder.Write("cg/a/memory.high", "400\n");

        Assert.Equal(300, Groups("0::/a", SecondMount()).ReadFree());
    }

    [Theory]
    [InlineData("1000", Unlimited, 700L)]
    [InlineData(Unlimited, "500", 200L)]
    [InlineData(Unlimited, Unlimited, null)]
    public void Version_1_has_other_names(string own, string parent, long? expected)
    {
        First("docker/x", own, "400", "inactive_file 5\ntotal_inactive_file 60\ntotal_active_file 40\n");
        First("docker", parent, "400", "total_inactive_file 100\n");
        First("", Unlimited, "5000", "");

        Assert.Equal(expected, Groups("9:name=systemd:/\n4:cpu,memory:/docker/x\n0::/", FirstMount("/")).ReadFree());
    }

    [Fact]
    public void Both_versions_at_the_same_time_count()
    {
        First("a", "1000", "400", "");
        Second("b", "max", "1");

        Assert.Equal(600, Groups("4:memory:/a\n0::/b", FirstMount("/") + SecondMount()).ReadFree());
    }

    [Fact]
    public void In_a_container_the_mounted_part_counts()
    {
        // The list has the path on the host, and only the group of the container is mounted.
        First("", "1000", "300", "");
        Assert.Equal(700, Groups("4:memory:/docker/x", FirstMount("/docker/x")).ReadFree());
        Assert.Equal(700, Groups("4:memory:/docker/xyz", FirstMount("/docker/x")).ReadFree());

        First("inner", "500", "300", "");
        Assert.Equal(200, Groups("4:memory:/docker/x/inner", FirstMount("/docker/x")).ReadFree());
    }

    [Theory]
    [InlineData("0::/../../elsewhere")]
    [InlineData("0::/gone")]
    public void A_group_that_cannot_be_seen_is_replaced_by_the_mounted_one(string line)
    {
        Second("", "1000", "100");
        Assert.Equal(900, Groups(line, SecondMount()).ReadFree());
    }

    [Fact]
    public void A_folder_with_a_space_is_found()
    {
        _folder.Write("my groups/a/memory.max", "1000\n");
        _folder.Write("my groups/a/memory.current", "1\n");

        Assert.Equal(999, Groups("0::/a", Mount(@"my\040groups", "/", "cgroup2", "rw")).ReadFree());
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense\n::\n0:\n")]
    public void Without_groups_nothing_is_known(string lines)
    {
        Assert.Null(Groups(lines, SecondMount()).ReadFree());
        Assert.Null(Groups("0::/a", lines).ReadFree());
        Assert.Null(new ControlGroups("/nowhere", "/nowhere").ReadFree());
        Assert.Null(new ControlGroups("/nowhere", "/nowhere").ReadKills());
    }

    [Theory]
    [InlineData("low 0\noom 3\noom_kill 2\noom_group_kill 1\n", 2L)]
    [InlineData("low 0\noom 3\n", null)]
    public void The_kills_of_a_group_are_read(string events, long? expected)
    {
        _folder.Write("cg/a/memory.events", events);
        Assert.Equal(expected, Groups("0::/a", SecondMount()).ReadKills());
    }

    [Fact]
    public void The_kills_of_version_1_are_read()
    {
        _folder.Write("cg1/a/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n");
        Assert.Equal(4, Groups("4:memory:/a", FirstMount("/")).ReadKills());
    }

    [Fact]
    public void The_kills_of_a_parent_are_those_of_other_programs()
    {
        _folder.Write("cg/a/memory.events", "oom_kill 4\n");
        Directory.CreateDirectory(_folder.PathOf("cg/a/b"));
        Assert.Null(Groups("0::/a/b", SecondMount()).ReadKills());
    }

    [Fact]
    public void The_groups_of_this_process_can_be_read() => Assert.False(ControlGroups.OfProcess.ReadFree() < 0);

    private ControlGroups Groups(string groups, string mounts) => new(_folder.Write("cgroup", groups), _folder.Write("mountinfo", mounts));

    private void Second(string group, string limit, string current, string statistics = "")
    {
        _folder.Write(Path.Join("cg", group, "memory.max"), limit + "\n");
        _folder.Write(Path.Join("cg", group, "memory.current"), current + "\n");
        _folder.Write(Path.Join("cg", group, "memory.stat"), statistics);
    }

    private void First(string group, string limit, string usage, string statistics)
    {
        _folder.Write(Path.Join("cg1", group, "memory.limit_in_bytes"), limit + "\n");
        _folder.Write(Path.Join("cg1", group, "memory.usage_in_bytes"), usage + "\n");
        _folder.Write(Path.Join("cg1", group, "memory.stat"), statistics);
    }

    private string SecondMount() => Mount("cg", "/", "cgroup2", "rw,nsdelegate");

    private string FirstMount(string root) => Mount("cg1", root, "cgroup", "rw,cpu,memory");

    private string Mount(string folder, string root, string type, string options) =>
        $"22 21 0:20 / /sys rw shared:7 - sysfs sysfs rw\n35 31 0:32 {root} {_folder.Path}/{folder} rw,relatime shared:9 - {type} {type} {options}\n";
}
