using System.Globalization;
using ModelRunner.Linux.Memory;
using ModelRunner.Linux.Processes;

namespace ModelRunner.Daemon.Runners;

/// <summary>
/// Reads how much memory is free now: the available memory of the machine, or what the control groups of the daemon and their parents leave if that
/// is less. Nothing is cached. Thread-safe.
/// </summary>
internal static class MachineMemory
{
    /// <summary>Returns the free memory in bytes; null if the system does not report it.</summary>
    public static long? ReadAvailable()
    {
        long? machine = ReadField("/proc/meminfo", "MemAvailable:") * 1024;
        long? group = ControlGroups.OfProcess.ReadFree();
        return machine is null || group < machine ? group ?? machine : machine;
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
    public static long? ReadOutOfMemoryKills() => ControlGroups.OfProcess.ReadKills() ?? ReadField("/proc/vmstat", "oom_kill ");

    private static long? ReadField(string path, string name)
    {
        try
        {
            string? line = File.ReadLines(path).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
            string? text = line?.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(1);
            return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
