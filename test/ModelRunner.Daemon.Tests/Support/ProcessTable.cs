using System.Globalization;

namespace ModelRunner.Daemon.Tests.Support;

/// <summary>Looks at the processes of this machine. A zombie counts as gone: where nobody reaps orphans, they stay as such.</summary>
internal static class ProcessTable
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(20);

    public static bool IsAlive(int process) => Read(process) is { State: not ('Z' or 'X') };

    /// <summary>The living children of a process.</summary>
    public static IReadOnlyList<int> ChildrenOf(int parent) =>
        [.. Directory.EnumerateDirectories("/proc")
            .Select(static folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int process) ? process : 0)
            .Where(process => process > 0 && Read(process) is { State: not ('Z' or 'X') } found && found.Parent == parent)];

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
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int process) || !IsAlive(process))
                continue;
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

    // proc_pid_stat(5): "pid (name) state parent …"; the name may hold anything.
    private static (char State, int Parent)? Read(int process)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{process}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (fields[0][0], int.Parse(fields[1], CultureInfo.InvariantCulture));
        }
        catch (IOException)
        {
            return null;
        }
    }
}
