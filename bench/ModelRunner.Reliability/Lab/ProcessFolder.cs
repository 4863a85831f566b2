using System.Globalization;

namespace ModelRunner.Reliability.Lab;

/// <summary>Reads <c>/proc</c>. A process that ends meanwhile has no figures.</summary>
internal static class ProcessFolder
{
    /// <summary>The living processes with this text in their arguments; zombies are not alive.</summary>
    public static IReadOnlyList<int> FindByArguments(string text) => [.. All().Where(process => IsAlive(process)
        && Read(process, "cmdline").Contains(text, StringComparison.Ordinal))];

    public static bool IsAlive(int process) => Stat(process) is { } stat && stat[0] is not ("Z" or "X");

    /// <summary>The arguments of a process; empty where it is gone.</summary>
    public static string[] ArgumentsOf(int process) => Read(process, "cmdline").TrimEnd('\0').Split('\0');

    /// <summary>The children of a process, and how many of them are zombies.</summary>
    public static (int Living, int Zombies) CountChildren(int parent)
    {
        string id = parent.ToString(CultureInfo.InvariantCulture);
        string[] states = [.. All().Select(Stat).Where(stat => stat is not null && stat[1] == id).Select(static stat => stat![0])];
        return (states.Count(static state => state is not ("Z" or "X")), states.Count(static state => state == "Z"));
    }

    public static int CountDescriptors(int process) => Directory.GetFileSystemEntries($"/proc/{process}/fd").Length;

    public static int CountThreads(int process) => Directory.GetDirectories($"/proc/{process}/task").Length;

    /// <summary>The resident memory in bytes.</summary>
    public static long ResidentBytes(int process)
    {
        string line = Read(process, "status").Split('\n').First(static line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return 1024 * long.Parse(line["VmRSS:".Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }

    private static IEnumerable<int> All() => Directory.EnumerateDirectories("/proc")
        .Select(static folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int process) ? process : 0)
        .Where(static process => process > 0);

    // "pid (name) state parent …"; the name may hold anything.
    private static string[]? Stat(int process)
    {
        string text = Read(process, "stat");
        return text.Length == 0 ? null : text[(text.LastIndexOf(')') + 2)..].Split(' ');
    }

    private static string Read(int process, string name)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/{name}");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
