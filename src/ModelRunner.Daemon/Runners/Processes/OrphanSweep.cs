using System.Globalization;
using System.Text;

namespace ModelRunner.Daemon.Runners.Processes;

/// <summary>
/// Looks at start for what daemons that were killed left behind: runners that escaped the parent-death signal, children of runners, and
/// folders. Only what carries the mark of a daemon of our user and our namespace that is dead is touched.
/// </summary>
internal static class OrphanSweep
{
    private static readonly byte[] Mark = Encoding.ASCII.GetBytes(RunnerEnvironment.OwnerVariable + "=");

    /// <summary>Kills orphaned processes and removes orphaned folders.</summary>
    /// <param name="places">Where such folders may be.</param>
    /// <returns>How many processes and how many folders.</returns>
    public static (int Processes, int Folders) Run(IReadOnlyList<string> places) => (KillProcesses(), RemoveFolders(places));

    private static int KillProcesses()
    {
        // Without /proc nothing can be known of anybody.
        int killed = 0;
        if (DaemonIdentity.Own.Namespace == 0)
            return killed;

        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out int process)
                || !IsOrphan(process))
            {
                continue;
            }

            // The number could belong to another process by now. With the process held by a file, a second look settles it.
            int file = Libc.OpenProcess(process);
            if (file < 0)
                continue;
            if (IsOrphan(process) && Libc.SignalProcess(file, Libc.SigKill))
                killed++;
            _ = Libc.Close(file);
        }

        return killed;
    }

    private static bool IsOrphan(int process)
    {
        string number = process.ToString(CultureInfo.InvariantCulture);
        if (DaemonIdentity.ReadNamespace(number) != DaemonIdentity.Own.Namespace || process == Environment.ProcessId)
            return false;

        try
        {
            // Other users' environments cannot be read, unless we are root; root's daemon must not judge other users' either.
            ReadOnlySpan<byte> variables = File.ReadAllBytes($"/proc/{number}/environ");
            return FindOwner(variables) is { IsDead: true } && ReadUser(number) == Libc.EffectiveUser();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static DaemonIdentity? FindOwner(ReadOnlySpan<byte> variables)
    {
        foreach (Range range in variables.Split((byte)0))
        {
            ReadOnlySpan<byte> variable = variables[range];
            if (variable.StartsWith(Mark))
                return DaemonIdentity.TryParse(Encoding.UTF8.GetString(variable[Mark.Length..]), out DaemonIdentity owner) ? owner : null;
        }

        return null;
    }

    // proc_pid_status(5): "Uid:", then real, effective, saved and file system user, between tabs.
    private static uint? ReadUser(string process)
    {
        foreach (string line in File.ReadLines($"/proc/{process}/status"))
            if (line.StartsWith("Uid:\t", StringComparison.Ordinal))
                return uint.Parse(line.Split('\t')[2], CultureInfo.InvariantCulture);

        return null;
    }

    private static int RemoveFolders(IReadOnlyList<string> places)
    {
        int removed = 0;
        foreach (string place in places)
        {
            foreach (string folder in Find(place))
            {
                string mark = Path.GetFileName(folder)[RuntimeFolder.NamePrefix.Length..];
                int end = mark.LastIndexOf('-');
                if (end < 0 || !DaemonIdentity.TryParse(mark.AsSpan(0, end), out DaemonIdentity owner) || !owner.IsDead)
                    continue;

                // A link that somebody else laid is removed as a link; a folder of somebody else's is beyond our rights.
                RuntimeFolder.Remove(folder);
                removed += Directory.Exists(folder) ? 0 : 1;
            }
        }

        return removed;
    }

    private static string[] Find(string place)
    {
        try
        {
            return Directory.GetDirectories(place, RuntimeFolder.NamePrefix + "*");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
