using System.Globalization;
using ModelRunner.Linux.Files;

namespace ModelRunner.Linux.Processes;

/// <summary>
/// Looks for what daemons that were killed left behind: runners that escaped the parent-death signal, children of runners, and folders.
/// Only what carries the mark of a dead daemon of our user and our process namespace is touched.
/// </summary>
internal static class OrphanSweep
{
    // A process that is being killed may have started another one a moment before.
    private const int MaxPasses = 20;
    private const int PauseMilliseconds = 10;

    private static readonly string Mark = ProcessMark.OwnerVariable + "=";

    /// <summary>Kills orphaned processes, until there are none, and removes orphaned folders.</summary>
    /// <param name="places">Where such folders may be.</param>
    /// <returns>How many processes and how many folders.</returns>
    public static (int Processes, int Folders) Run(IReadOnlyList<string> places)
    {
        // Without /proc nothing can be known of anybody.
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

            // The number could belong to another process by now. With the process held by a file, a second look settles it.
            int file = Libc.OpenProcess(process.Id);
            if (file < 0)
                continue;
            if (IsOrphan(process.Id) && Libc.SignalProcess(file, Libc.SigKill))
                killed++;
            _ = Libc.Close(file);
        }

        return killed;
    }

    // Other users' environments cannot be read, unless we are root; root's daemon must not judge other users' either.
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
