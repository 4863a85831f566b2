using System.Globalization;

namespace ModelRunner.Daemon.Runners;

/// <summary>How much memory runners may take where nobody said: what the machine has available, and its control group if that has less.</summary>
internal static class MachineMemory
{
    private const string GroupRoot = "/sys/fs/cgroup";

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

        long cached = ReadField(Path.Join(folder, "memory.stat"), "inactive_file") ?? 0;
        return Math.Max(0, limit - Math.Max(0, current - cached));
    }

    private static string FindGroup()
    {
        string line = ReadLines("/proc/self/cgroup").FirstOrDefault(static line => line.StartsWith("0::", StringComparison.Ordinal)) ?? "0::/";
        return Path.Join(GroupRoot, line[3..]);
    }

    private static long? ReadNumber(string path) => Parse(ReadLines(path).FirstOrDefault());

    private static long? ReadField(string path, string name)
    {
        string? line = ReadLines(path).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
        return Parse(line?.Split(' ', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(1));
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
