using System.Buffers;
using System.Globalization;
using System.Text;
using ModelRunner.Linux.Files;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// Reads <c>/proc</c>. No method throws: a process that has ended or is hidden is not found.
/// </summary>
internal static class ProcessList
{
    // proc_pid_stat(5): state, parent, group and session come first; the state is field 3.
    private const int UserTimeIndex = 14 - 3;
    private const int SystemTimeIndex = 15 - 3;
    private const int ChildUserTimeIndex = 16 - 3;
    private const int ChildSystemTimeIndex = 17 - 3;
    private const int StartTimeIndex = 22 - 3;

    // The unit of times in /proc, USER_HZ: 100 on x64 and arm64.
    private const int TicksPerSecond = 100;
    private const int MemorySize = 128;
    private const int MaxEnvironmentBytes = 256 * 1024;

    /// <summary>All processes that this user can see, zombies included.</summary>
    public static List<ProcessEntry> ReadAll()
    {
        List<ProcessEntry> all = [];
        foreach (int process in ReadNumbers())
            if (Find(process) is { } entry)
                all.Add(entry);
        return all;
    }

    /// <summary>One process; null where it has ended or may not be read.</summary>
    public static ProcessEntry? Find(int process)
    {
        Span<long> numbers = stackalloc long[ProcFile.FieldCount];
        return ProcFile.TryReadStatus(process, numbers, out char state)
            ? new ProcessEntry(process, state, (int)numbers[1], (int)numbers[2], (int)numbers[3], numbers[StartTimeIndex])
            : null;
    }

    /// <summary>What one process uses now; null where it has ended or may not be read. A zombie has no memory and keeps its processor time.</summary>
    public static ProcessFigures? FindFigures(int process)
    {
        Span<long> fields = stackalloc long[ProcFile.FieldCount];
        if (!ProcFile.TryReadStatus(process, fields, out _))
            return null;

        Span<byte> memory = stackalloc byte[MemorySize];
        int length = ProcFile.Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/statm"), memory);
        if (length <= 0 || ParseResidentPages(memory[..length]) is not { } pages)
            return null;
        long ticks = fields[UserTimeIndex] + fields[SystemTimeIndex] + fields[ChildUserTimeIndex] + fields[ChildSystemTimeIndex];
        var cpuTime = TimeSpan.FromTicks(ticks * (TimeSpan.TicksPerSecond / TicksPerSecond));
        return new ProcessFigures(fields[StartTimeIndex], pages * Environment.SystemPageSize, cpuTime);
    }

    /// <summary>The number of descriptors that a process has open; null where it has ended or may not be read.</summary>
    public static int? CountDescriptors(int process)
    {
        // Since Linux 6.2 the size of the folder is their number. Before, it is 0.
        string folder = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/fd");
        if (FileStatus.Of(folder) is { SizeBytes: > 0 } status)
            return (int)status.SizeBytes;
        try
        {
            return Directory.EnumerateFileSystemEntries(folder).Count();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Whether the process was started with exactly this environment variable. False where its environment may not be read.</summary>
    /// <param name="process">The process.</param>
    /// <param name="variable"><c>NAME=value</c>.</param>
    public static bool HasVariable(int process, string variable) => FindVariable(process, variable) is { Length: 0 };

    /// <summary>The text after <paramref name="prefix"/> in the first variable that begins with it; null where there is none.</summary>
    public static string? FindVariable(int process, string prefix)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(MaxEnvironmentBytes);
        try
        {
            int length = ProcFile.Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/environ"), buffer);
            if (length <= 0)
                return null;

            byte[] wanted = Encoding.UTF8.GetBytes(prefix);
            ReadOnlySpan<byte> variables = buffer.AsSpan(0, length);
            foreach (Range range in variables.Split((byte)0))
                if (variables[range].StartsWith(wanted))
                    return Encoding.UTF8.GetString(variables[range][wanted.Length..]);
            return null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// The processes of these groups, of their sessions and all their descendants, without zombies, by the leader of the group. A process
    /// belongs to one leader only.
    /// </summary>
    public static Dictionary<int, List<ProcessEntry>> FindFamilies(IReadOnlyCollection<int> leaders)
    {
        List<ProcessEntry> all = ReadAll();
        Dictionary<int, int> leaderOf = [];
        foreach (int leader in leaders)
            leaderOf.TryAdd(leader, leader);

        // Ids are not in order of age, so a parent may come after its child in the list.
        bool hasGrown;
        do
        {
            hasGrown = false;
            foreach (ProcessEntry process in all)
                hasGrown |= (leaderOf.TryGetValue(process.Group, out int leader) || leaderOf.TryGetValue(process.Session, out leader)
                    || leaderOf.TryGetValue(process.Parent, out leader)) && leaderOf.TryAdd(process.Id, leader);
        }
        while (hasGrown);

        Dictionary<int, List<ProcessEntry>> families = [];
        foreach (ProcessEntry process in all)
        {
            if (!process.IsAlive || !leaderOf.TryGetValue(process.Id, out int leader))
                continue;
            if (!families.TryGetValue(leader, out List<ProcessEntry>? family))
                families.Add(leader, family = []);
            family.Add(process);
        }

        return families;
    }

    /// <summary>Adds every process whose parent is a member.</summary>
    public static void AddDescendants(HashSet<int> members, IReadOnlyList<ProcessEntry> all)
    {
        // Ids are not in order of age, so a parent may come after its child in the list.
        bool hasGrown;
        do
        {
            hasGrown = false;
            foreach (ProcessEntry process in all)
                hasGrown |= members.Contains(process.Parent) && members.Add(process.Id);
        }
        while (hasGrown);
    }

    /// <summary>The effective user of a process; null where it has ended.</summary>
    public static uint? User(int process)
    {
        FileStatus folder = FileStatus.OfLink(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}"));
        return folder.Exists ? folder.Owner : null;
    }

    private static List<int> ReadNumbers()
    {
        List<int> numbers = [];
        try
        {
            foreach (string folder in Directory.EnumerateDirectories("/proc"))
                if (int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int process))
                    numbers.Add(process);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Without /proc, or without a free descriptor, no process is known.
        }

        return numbers;
    }

    // proc_pid_statm(5), in pages: size resident shared …
    private static long? ParseResidentPages(ReadOnlySpan<byte> memory)
    {
        memory = memory[(memory.IndexOf((byte)' ') + 1)..];
        int end = memory.IndexOf((byte)' ');
        return end > 0 && long.TryParse(memory[..end], NumberStyles.None, CultureInfo.InvariantCulture, out long pages) ? pages : null;
    }
}
