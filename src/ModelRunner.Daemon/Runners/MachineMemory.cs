using System.Globalization;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// How much memory is free at the moment of the call: what the machine has available, or what the daemon's control group leaves if that is
/// less. It reads the kernel's figures and remembers nothing. Limits of groups above the daemon's own are not looked at, nor is the memory of
/// graphics cards.
/// </summary>
internal static class MachineMemory
{
    private const string GroupRoot = "/sys/fs/cgroup";

    // With the space: "oom_kill_disable" is something else.
    private const string OutOfMemoryKillsField = "oom_kill ";

    /// <summary>Bytes; null where the system does not say.</summary>
    public static long? ReadAvailable()
    {
        long? machine = ReadField("/proc/meminfo", "MemAvailable:") * 1024;
        long? group = ReadGroup(FindGroup()) ?? ReadGroup(GroupRoot);
        return machine is null || group < machine ? group ?? machine : machine;
    }

    /// <summary>What a control group's limit leaves; cached files count as free, since the kernel gives them up first. Null: no limit.</summary>
    internal static long? ReadGroup(string folder)
    {
        if (ReadNumber(Path.Join(folder, "memory.max")) is not { } limit || ReadNumber(Path.Join(folder, "memory.current")) is not { } current)
            return null;

        string stat = Path.Join(folder, "memory.stat");
        long cached = (ReadField(stat, "inactive_file") ?? 0) + (ReadField(stat, "active_file") ?? 0);
        return Math.Max(0, limit - Math.Max(0, current - cached));
    }

    /// <summary>
    /// What is free together with what these processes, their groups and their descendants hold. Mapped model files are not counted as held:
    /// the kernel counts them as free already. Null where the system does not say what is free.
    /// </summary>
    public static long? ReadAvailableTo(IReadOnlyCollection<int> processes) => processes.Count == 0
        ? ReadAvailable()
        : ReadAvailable() + ProcessList.FindFamilies(processes).Sum(ReadHeldBy);

    /// <summary>Memory that a process holds for itself, without what it maps from files; 0 where it is gone.</summary>
    public static long ReadHeldBy(int process) =>
        (ReadField(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status"), "RssAnon:") ?? 0) * 1024;

    /// <summary>
    /// How many processes the kernel has killed for want of memory: in the daemon's control group and those below it, or, where that is not
    /// counted, on the whole machine. Null where the system does not say.
    /// </summary>
    public static long? ReadOutOfMemoryKills() => ReadOutOfMemoryKills(FindGroup()) ?? ReadField("/proc/vmstat", OutOfMemoryKillsField);

    /// <summary>The same of one control group.</summary>
    internal static long? ReadOutOfMemoryKills(string folder) => ReadField(Path.Join(folder, "memory.events"), OutOfMemoryKillsField);

    private static string FindGroup()
    {
        string line = ReadLines("/proc/self/cgroup").FirstOrDefault(static line => line.StartsWith("0::", StringComparison.Ordinal)) ?? "0::/";
        return Path.Join(GroupRoot, line[3..]);
    }

    private static long? ReadNumber(string path) => Parse(ReadLines(path).FirstOrDefault());

    private static long? ReadField(string path, string name)
    {
        string? line = ReadLines(path).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return Parse(line?.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(1));
    }

    private static long? Parse(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
