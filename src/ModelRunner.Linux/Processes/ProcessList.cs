using System.Buffers;
using System.Globalization;
using System.Text;
using ModelRunner.Linux.Files;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// Reads <c>/proc</c>. No method throws: a process that has ended or is hidden is not found. The files are read by system calls, since processes
/// end all the time and an exception for each would cost more than the read.
/// </summary>
internal static unsafe class ProcessList
{
    // proc_pid_stat(5): after the name in brackets come state, parent, group and session; the start time is field 22, the state field 3.
    private const int StatusSize = 1024;
    private const int UserTimeIndex = 14 - 3;
    private const int SystemTimeIndex = 15 - 3;
    private const int ChildUserTimeIndex = 16 - 3;
    private const int ChildSystemTimeIndex = 17 - 3;
    private const int StartTimeIndex = 22 - 3;
    private const int FieldCount = StartTimeIndex + 1;

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
        Span<byte> status = stackalloc byte[StatusSize];
        int length = Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"), status);
        return length > 0 ? Parse(process, status[..length]) : null;
    }

    /// <summary>What one process uses now; null where it has ended or may not be read. A zombie has no memory and keeps its processor time.</summary>
    public static ProcessFigures? FindFigures(int process)
    {
        Span<byte> status = stackalloc byte[StatusSize];
        Span<long> fields = stackalloc long[FieldCount];
        int length = Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/stat"), status);
        if (length <= 0 || !TryParse(status[..length], fields, out _))
            return null;

        Span<byte> memory = stackalloc byte[MemorySize];
        length = Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/statm"), memory);
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
            int length = Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/environ"), buffer);
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

    private static ProcessEntry? Parse(int process, ReadOnlySpan<byte> status)
    {
        Span<long> numbers = stackalloc long[FieldCount];
        return TryParse(status, numbers, out char state)
            ? new ProcessEntry(process, state, (int)numbers[1], (int)numbers[2], (int)numbers[3], numbers[StartTimeIndex])
            : null;
    }

    /// <summary>Reads the fields from the state on. The state is a letter, so its number is not set.</summary>
    private static bool TryParse(ReadOnlySpan<byte> status, Span<long> numbers, out char state)
    {
        // The name may contain brackets and spaces, but the last bracket of the file always comes after it.
        state = default;
        int end = status.LastIndexOf((byte)')');
        if (end < 0 || end + 2 >= status.Length)
            return false;

        ReadOnlySpan<byte> fields = status[(end + 2)..];
        state = (char)fields[0];
        int index = 0;
        foreach (Range range in fields.Split((byte)' '))
        {
            if (index == FieldCount)
                break;
            if (index > 0 && !long.TryParse(fields[range], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out numbers[index]))
                return false;
            index++;
        }

        return index == FieldCount;
    }

    // proc_pid_statm(5), in pages: size resident shared …
    private static long? ParseResidentPages(ReadOnlySpan<byte> memory)
    {
        memory = memory[(memory.IndexOf((byte)' ') + 1)..];
        int end = memory.IndexOf((byte)' ');
        return end > 0 && long.TryParse(memory[..end], NumberStyles.None, CultureInfo.InvariantCulture, out long pages) ? pages : null;
    }

    /// <summary>Reads a file from its start. Returns the number of bytes, or -1 where it cannot be opened.</summary>
    private static int Read(string path, Span<byte> buffer)
    {
        int file = Libc.OpenAt(Libc.CurrentDirectory, path, Libc.OpenCloseOnExec, 0);
        if (file < 0)
            return -1;

        int length = 0;
        fixed (byte* start = buffer)
        {
            nint count;
            while (length < buffer.Length && (count = Libc.Read(file, start + length, buffer.Length - length)) > 0)
                length += (int)count;
        }

        _ = Libc.Close(file);
        return length;
    }
}
