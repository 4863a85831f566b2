using System.Globalization;
using ModelRunner.Linux.Files;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// Removes what killed daemons left behind: runners that the parent-death signal did not reach, children of runners, and private folders.
/// Only processes and folders of a daemon that has ended are touched, of the same user and the same process namespace.
/// </summary>
internal static class OrphanSweep
{
    // A process may start another one a moment before it is killed.
    private const int MaxPasses = 20;
    private const int PauseMilliseconds = 10;

    private static readonly string Mark = ProcessMark.OwnerVariable + "=";

    /// <summary>Kills orphaned processes, until there are none, and removes orphaned folders.</summary>
    /// <param name="places">The folders that may hold private folders.</param>
    /// <returns>The number of processes and the number of folders.</returns>
    public static (int Processes, int Folders) Run(IReadOnlyList<string> places)
    {
        // Without /proc nothing is known of other processes.
        if (DaemonIdentity.Own.Namespace == 0)
            return (0, 0);

        int killed = 0;
        for (int pass = 0; pass < MaxPasses; pass++)
        {
            int found = KillProcesses();
            killed += found;
            if (found == 0)
                break;
            Libc.Pause(PauseMilliseconds);
        }

        return (killed, places.Sum(RemoveFolders));
    }

    private static int KillProcesses()
    {
        int killed = 0;
        foreach (ProcessEntry process in ProcessList.ReadAll())
        {
            if (!process.IsAlive || !IsOrphan(process.Id))
                continue;

            // The id may belong to another process by now. A descriptor keeps the process, so the second check is certain.
            int file = Libc.OpenProcess(process.Id);
            if (file < 0)
                continue;
            if (IsOrphan(process.Id) && Libc.SignalProcess(file, Libc.SigKill))
                killed++;
            _ = Libc.Close(file);
        }

        return killed;
    }

    // Only root can read the environment of other users' processes. A daemon of root must leave them alone too.
    private static bool IsOrphan(int process) =>
        process != Environment.ProcessId
        && ProcessList.FindVariable(process, Mark) is { } text && DaemonIdentity.TryParse(text, out DaemonIdentity owner) && owner.IsDead
        && ProcessList.User(process) == Libc.EffectiveUser()
        && DaemonIdentity.ReadNamespace(process.ToString(CultureInfo.InvariantCulture)) == DaemonIdentity.Own.Namespace;

    private static int RemoveFolders(string place)
    {
        int removed = 0;
        foreach (string name in FindNames(place))
        {
            string mark = name[RuntimeFolder.NamePrefix.Length..];
            int end = mark.LastIndexOf('-');
            if (end > 0 && DaemonIdentity.TryParse(mark.AsSpan(0, end), out DaemonIdentity owner) && owner.IsDead
                && FolderRemoval.Remove(Path.Join(place, name), mustBeUnlocked: true))
            {
                removed++;
            }
        }

        return removed;
    }

    private static IReadOnlyList<string> FindNames(string place)
    {
        using HeldFolder? folder = HeldFolder.Open(place);
        return folder is null ? [] : [.. folder.ReadNames().Where(static name => name.StartsWith(RuntimeFolder.NamePrefix, StringComparison.Ordinal))];
    }
}
