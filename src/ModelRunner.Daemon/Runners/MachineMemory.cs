using System.Globalization;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Reads how much memory is free now: the available memory of the machine, or what the control group of the daemon has left if that is less.
/// Nothing is cached. Limits of parent control groups and the memory of graphics cards are not considered. Thread-safe.
/// </summary>
internal static class MachineMemory
{
    private const string GroupRoot = "/sys/fs/cgroup";

    // With the space, because a field "oom_kill_disable" also exists.
    private const string OutOfMemoryKillsField = "oom_kill ";

    /// <summary>Returns the free memory in bytes; null if the system does not report it.</summary>
    public static long? ReadAvailable()
    {
        long? machine = ReadField("/proc/meminfo", "MemAvailable:") * 1024;
        long? group = ReadGroup(FindGroup()) ?? ReadGroup(GroupRoot);
        return machine is null || group < machine ? group ?? machine : machine;
    }

    /// <summary>
    /// Returns what the limit of a control group leaves, in bytes. Cached files count as free, because the kernel evicts them first. Null: no
    /// limit.
    /// </summary>
    internal static long? ReadGroup(string folder)
    {
        if (ReadNumber(Path.Join(folder, "memory.max")) is not { } limit || ReadNumber(Path.Join(folder, "memory.current")) is not { } current)
            return null;

        string stat = Path.Join(folder, "memory.stat");
        long cached = (ReadField(stat, "inactive_file") ?? 0) + (ReadField(stat, "active_file") ?? 0);
        return Math.Max(0, limit - Math.Max(0, current - cached));
    }

    /// <summary>
    /// Returns the free memory plus the memory that these processes, their groups and their descendants hold, in bytes. Mapped model files are
    /// not counted as held, because the kernel counts them as free already. Null if the system does not report the free memory.
    /// </summary>
    public static long? ReadAvailableTo(IReadOnlyCollection<int> processes) => processes.Count == 0
        ? ReadAvailable()
        : ReadAvailable() + ProcessList.FindFamilies(processes).Values.Sum(static family => family.Sum(static process => ReadHeldBy(process.Id)));

    /// <summary>Returns the private memory of a process in bytes, without mapped files; 0 if it has ended.</summary>
    public static long ReadHeldBy(int process) =>
        (ReadField(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status"), "RssAnon:") ?? 0) * 1024;

    /// <summary>
    /// Returns how many processes the kernel has killed because memory ran out: in the control group of the daemon and its children, or, if
    /// that is not counted, on the whole machine. Null if the system does not report it.
    /// </summary>
    public static long? ReadOutOfMemoryKills() => ReadOutOfMemoryKills(FindGroup()) ?? ReadField("/proc/vmstat", OutOfMemoryKillsField);

    /// <summary>Returns the same number for one control group.</summary>
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
