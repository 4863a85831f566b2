using System.Globalization;

namespace ModelRunner.Testing;

/// <summary>Looks at the processes of this machine. A zombie counts as gone: where nobody reaps orphans, they stay as such.</summary>
internal static class ProcessTable
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    public static bool IsAlive(int process) => Read(process) is { State: not ('Z' or 'X') };

    /// <summary>The living children of a process.</summary>
    public static IReadOnlyList<int> ChildrenOf(int parent) =>
        [.. Processes().Where(process => Read(process) is { State: not ('Z' or 'X') } found && found.Parent == parent)];

    /// <summary>The arguments of a process.</summary>
    public static string[] ArgumentsOf(int process) => File.ReadAllText($"/proc/{process}/cmdline").TrimEnd('\0').Split('\0');

    /// <summary>The path of the socket that a runner was told to listen on.</summary>
    public static string SocketOf(int runner)
    {
        string[] arguments = ArgumentsOf(runner);
        return arguments[Array.IndexOf(arguments, "--host") + 1];
    }

    /// <summary>The living process whose command line holds all of these texts, in any of its arguments; 0: there is none.</summary>
    public static int FindByArguments(params string[] texts)
    {
        foreach (int process in Processes().Where(IsAlive))
        {
            try
            {
                string line = File.ReadAllText($"/proc/{process}/cmdline");
                if (texts.All(text => line.Contains(text, StringComparison.Ordinal)))
                    return process;
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        }

        return 0;
    }

    /// <summary>The process group; 0 where the process is gone.</summary>
    public static int GroupOf(int process) => ReadFields(process) is { } fields ? int.Parse(fields[2], CultureInfo.InvariantCulture) : 0;

    /// <summary>The name of the program; null where the process is gone.</summary>
    public static string? NameOf(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/comm").TrimEnd('\n');
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>How many children of this process are zombies.</summary>
    public static int CountZombies() => Processes().Count(static process => Read(process) is { State: 'Z' } found && found.Parent == Environment.ProcessId);

    /// <summary>Waits until a process is gone, and fails after <paramref name="limit"/>.</summary>
    public static async Task WaitUntilGoneAsync(int process, TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit);
        using var timer = new PeriodicTimer(LookInterval);
        while (IsAlive(process))
        {
            Assert.False(patience.IsCancellationRequested, $"process {process} is still alive after {limit}");
            await timer.WaitForNextTickAsync(Cancellation);
        }
    }

    private static IEnumerable<int> Processes() =>
        Directory.EnumerateDirectories("/proc")
            .Select(static folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int process) ? process : 0)
            .Where(static process => process > 0);

    private static (char State, int Parent)? Read(int process) =>
        ReadFields(process) is { } fields ? (fields[0][0], int.Parse(fields[1], CultureInfo.InvariantCulture)) : null;

    // proc_pid_stat(5): "pid (name) state parent group …"; the name may hold anything. Without the process number and the name.
    private static string[]? ReadFields(int process)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }
}
