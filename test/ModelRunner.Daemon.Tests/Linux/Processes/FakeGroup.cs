using System.Globalization;
using ModelRunner.Linux.Memory;
using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

/// <summary>A folder that looks like a delegated control group of version 2, with this process in it. The kernel does not act on it.</summary>
internal sealed class FakeGroup : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public FakeGroup(string group = "svc", string controllers = "cpu memory pids")
    {
        _folder.Write("cgroup", $"0::/{group}\n");
        _folder.Write("mountinfo", $"35 31 0:32 / {_folder.Path}/cg rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n");
        _folder.Write("cg/svc/cgroup.controllers", controllers + "\n");
        _folder.Write("cg/svc/cgroup.subtree_control", "");
        _folder.Write("cg/svc/cgroup.procs", group == "svc" ? Own : "");
        _folder.Write("cg/svc/model-runner-daemon/cgroup.procs", group == "svc" ? "" : Own);
        Group = new DelegatedGroup(
            new ControlGroups(_folder.PathOf("cgroup"), _folder.PathOf("mountinfo")), process => IsOwn(process), path => Remove(path));
    }

    public DelegatedGroup Group { get; }

    /// <summary>Whether a process belongs to the daemon.</summary>
    public Func<int, bool> IsOwn { get; set; } = static _ => true;

    /// <summary>Removes a group.</summary>
    public Action<string> Remove { get; set; } = static path => Directory.Delete(path, recursive: true);

    private static string Own => string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessId}\n");

    public void Dispose() => _folder.Dispose();

    /// <summary>Makes the files that the kernel would make for the group of the runner with this number. Returns the folder.</summary>
    public string Expect(int number)
    {
        string folder = string.Create(CultureInfo.InvariantCulture, $"model-runner-runner-{Environment.ProcessId}-{number}");
        foreach (string file in (string[])["memory.max", "memory.oom.group", "cgroup.procs", "memory.events"])
            _folder.Write($"cg/svc/{folder}/{file}", "");
        return PathOf(folder);
    }

    public string PathOf(string name) => _folder.PathOf($"cg/svc/{name}");

    public string Read(string name) => File.ReadAllText(PathOf(name));

    public void Write(string name, string text) => _folder.Write($"cg/svc/{name}", text);
}
