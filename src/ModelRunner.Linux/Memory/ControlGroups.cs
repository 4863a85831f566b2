using System.Globalization;

namespace ModelRunner.Linux.Memory;

/// <summary>
/// Reads how much memory the control groups of this process leave: its own one and all of its parents, of version 1 and 2. Nothing is cached, because a
/// process can be moved and a limit changed. No method throws. Thread-safe.
/// </summary>
/// <param name="groups">The list of the control groups of the process, <c>/proc/self/cgroup</c>.</param>
/// <param name="mounts">The list of mounts, <c>/proc/self/mountinfo</c>.</param>
internal sealed class ControlGroups(string groups, string mounts)
{
    // Version 1 writes the largest multiple of a page for "no limit". No machine has a pebibyte.
    private const long NoLimit = 1L << 50;

    // With the space, because a field "oom_kill_disable" also exists.
    private const string KillsField = "oom_kill ";

    private const string FirstKills = "memory.oom_control";
    private const string SecondKills = "memory.events";

    // A path of groups cannot be deeper; the loop ends for a damaged one too.
    private const int MaxDepth = 64;

    /// <summary>Those of this process.</summary>
    public static ControlGroups OfProcess { get; } = new("/proc/self/cgroup", "/proc/self/mountinfo");

    /// <summary>
    /// The memory in bytes that the tightest of all groups leaves. Cached files count as free, because the kernel drops them first. Null: no group has a
    /// limit.
    /// </summary>
    public long? ReadFree()
    {
        long? least = null;
        foreach ((string folder, bool isFirstVersion, _) in FindFolders())
            if ((isFirstVersion ? ReadFirst(folder) : ReadSecond(folder)) is { } free && !(free >= least))
                least = free;
        return least;
    }

    /// <summary>
    /// How many processes the kernel has killed in the group of this process and in its children, because memory ran out; null: the group does not count it.
    /// </summary>
    public long? ReadKills()
    {
        foreach ((string folder, bool isFirstVersion, bool isOwn) in FindFolders())
            if (isOwn && ReadField(Path.Join(folder, isFirstVersion ? FirstKills : SecondKills), KillsField) is { } kills)
                return kills;
        return null;
    }

    /// <summary>The same for the group with this folder and its children.</summary>
    public static long? ReadKillsIn(string folder) =>
        ReadField(Path.Join(folder, SecondKills), KillsField) ?? ReadField(Path.Join(folder, FirstKills), KillsField);

    /// <summary>The folder of the group of version 2 that this process is in; null: there is none, or it is not visible.</summary>
    public string? FindUnified()
    {
        foreach ((string folder, bool isFirstVersion, bool isOwn) in FindFolders())
            if (isOwn && !isFirstVersion)
                return folder;
        return null;
    }

    // From the group of the process up to the mount. If the groups have a namespace of their own, or only a part is mounted, the parents are not visible.
    private IEnumerable<(string Folder, bool IsFirstVersion, bool IsOwn)> FindFolders()
    {
        string[] mounted = ReadLines(mounts);
        foreach (string line in ReadLines(groups))
        {
            // hierarchy:controllers:path
            string[] parts = line.Split(':', 3);
            if (parts.Length < 3 || (parts[1].Length > 0 && !parts[1].Split(',').Contains("memory", StringComparer.Ordinal)))
                continue;
            bool isFirstVersion = parts[1].Length > 0;
            if (FindMount(mounted, isFirstVersion) is not { } mount)
                continue;
            string folder = Path.TrimEndingDirectorySeparator(mount.Folder + PathBelow(parts[2], mount.Root));
            if (!Directory.Exists(folder))
                folder = mount.Folder;
            for (int depth = 0; depth < MaxDepth; depth++)
            {
                yield return (folder, isFirstVersion, depth == 0);
                if (folder.Length <= mount.Folder.Length || Path.GetDirectoryName(folder) is not { } parent)
                    break;
                folder = parent;
            }
        }
    }

    // proc_pid_mountinfo(5): id, parent, device, root, folder, options, optional fields, "-", type, source, options of the file system.
    private static (string Root, string Folder)? FindMount(string[] mounted, bool isFirstVersion)
    {
        foreach (string line in mounted)
        {
            string[] fields = line.Split(' ');
            int dash = Array.IndexOf(fields, "-");
            if (dash < 6 || fields.Length < dash + 4)
                continue;
            bool isWanted = isFirstVersion
                ? fields[dash + 1] == "cgroup" && fields[dash + 3].Split(',').Contains("memory", StringComparer.Ordinal)
                : fields[dash + 1] == "cgroup2";
            if (isWanted)
                return (Unescape(fields[3]), Unescape(fields[4]));
        }

        return null;
    }

    private static string PathBelow(string path, string root)
    {
        if (path.Contains("..", StringComparison.Ordinal))
            return "";
        if (root == "/")
            return path;
        return path.StartsWith(root, StringComparison.Ordinal) && (path.Length == root.Length || path[root.Length] == '/') ? path[root.Length..] : "";
    }

    private static long? ReadSecond(string folder)
    {
        // Above memory.high the kernel slows the processes down until they use less.
        long? limit = ReadNumber(Path.Join(folder, "memory.max"));
        long? high = ReadNumber(Path.Join(folder, "memory.high"));
        return Free(high < limit ? high : limit ?? high, Path.Join(folder, "memory.current"), Path.Join(folder, "memory.stat"), "");
    }

    private static long? ReadFirst(string folder) =>
        Free(ReadNumber(Path.Join(folder, "memory.limit_in_bytes")), Path.Join(folder, "memory.usage_in_bytes"), Path.Join(folder, "memory.stat"), "total_");

    private static long? Free(long? limit, string usage, string statistics, string prefix)
    {
        if (limit is not { } most || most >= NoLimit || ReadNumber(usage) is not { } used)
            return null;
        long cached = (ReadField(statistics, prefix + "inactive_file ") ?? 0) + (ReadField(statistics, prefix + "active_file ") ?? 0);
        return Math.Max(0, most - Math.Max(0, used - cached));
    }

    private static long? ReadNumber(string path) => Parse(ReadLines(path).FirstOrDefault());

    private static long? ReadField(string path, string name) =>
        ReadLines(path).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } found ? Parse(found[name.Length..].Trim()) : null;

    private static long? Parse(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    // Spaces, tabs, line ends and backslashes are octal numbers.
    private static string Unescape(string text) => text
        .Replace(@"\040", " ", StringComparison.Ordinal).Replace(@"\011", "\t", StringComparison.Ordinal)
        .Replace(@"\012", "\n", StringComparison.Ordinal).Replace(@"\134", @"\", StringComparison.Ordinal);

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
