using System.Globalization;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

/// <summary>What the kernel says of processes.</summary>
internal static class ProcessTable
{
    /// <summary>Whether it is there and no zombie.</summary>
    public static bool IsAlive(int process) => ReadFields(process) is { } fields && fields[0] is not ("Z" or "X");

    /// <summary>The process group; 0 where the process is gone.</summary>
    public static int Group(int process) => ReadFields(process) is { } fields ? int.Parse(fields[2], CultureInfo.InvariantCulture) : 0;

    /// <summary>The name of the program; null where the process is gone.</summary>
    public static string? Name(int process)
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

    /// <summary>Waits until the process is gone, or fails the test after the limit.</summary>
    public static async Task WaitForEndAsync(int process, TimeSpan limit)
    {
        using var timeout = new CancellationTokenSource(limit);
        while (IsAlive(process))
        {
            Assert.False(timeout.IsCancellationRequested, $"process {process} is alive after {limit}");
            await Task.Delay(10);
        }
    }

    /// <summary>Children of this process that are zombies.</summary>
    public static int CountZombies()
    {
        int count = 0;
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int process)
                && ReadFields(process) is ["Z", var parent, ..] && parent == Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
                count++;

        return count;
    }

    // The fields after the name: state, parent, group, …
    private static string[]? ReadFields(int process)
    {
        try
        {
            string status = File.ReadAllText($"/proc/{process}/stat");
            return status[(status.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }
}
