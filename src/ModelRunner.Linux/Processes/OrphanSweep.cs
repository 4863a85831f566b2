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
    /// <param name="daemon">A daemon that has ended; those whose private folders are there are known without it.</param>
    /// <returns>The number of processes and the number of folders.</returns>
    public static (int Processes, int Folders) Run(IReadOnlyList<string> places, DaemonIdentity? daemon = null)
    {
        // Without /proc nothing is known of other processes.
        if (DaemonIdentity.Own.Namespace == 0)
            return (0, 0);

        HashSet<ulong> dead = FindDead(places, daemon);
        int killed = 0;
        for (int pass = 0; pass < MaxPasses; pass++)
        {
            int found = KillProcesses(dead);
            killed += found;
            if (found == 0)
                break;
            Libc.Pause(PauseMilliseconds);
        }

        return (killed, places.Sum(RemoveFolders));
    }

    // An inherited mark has only a hash of its daemon, so the daemons are needed to recognise it.
    private static HashSet<ulong> FindDead(IReadOnlyList<string> places, DaemonIdentity? daemon)
    {
        HashSet<ulong> dead = [];
        if (daemon is { IsDead: true } known)
            dead.Add(InheritedMark.OwnerOf(known));
        foreach (string name in places.SelectMany(FindNames))
            if (OwnerOf(name) is { IsDead: true } owner)
                dead.Add(InheritedMark.OwnerOf(owner));
        return dead;
    }

    /// <summary>Kills the processes of dead daemons once, and returns their number.</summary>
    /// <param name="dead">What the inherited marks of these daemons have in common. Those of running processes have no effect.</param>
    internal static int KillProcesses(IEnumerable<ulong> dead)
    {
        int killed = 0;
        List<ProcessEntry> all = ProcessList.ReadAll();

        // Somebody can search for an identity whose hash is that of a daemon that lives.
        HashSet<ulong> marks = [.. dead];
        if (marks.Count > 0)
            marks.ExceptWith(all.Where(static process => process.IsAlive).Select(MarkAsDaemon));
        foreach (ProcessEntry process in all)
        {
            if (!process.IsAlive || !IsOrphan(process.Id, marks))
                continue;

            // The id may belong to another process by now. A descriptor keeps the process, so the second check is certain.
            int file = Libc.OpenProcess(process.Id);
            if (file < 0)
                continue;
            if (IsOrphan(process.Id, marks) && Libc.SignalProcess(file, Libc.SigKill))
                killed++;
            _ = Libc.Close(file);
        }

        return killed;
    }

    private static ulong MarkAsDaemon(ProcessEntry process) =>
        InheritedMark.OwnerOf(new DaemonIdentity(DaemonIdentity.Own.Namespace, process.Id, process.StartTime));

    // Only root can read the environment of other users' processes. A daemon of root must leave them alone too.
    private static bool IsOrphan(int process, HashSet<ulong> dead) =>
        process != Environment.ProcessId && (HasMarkOf(process, dead) || HasVariableOfDead(process))
        && ProcessList.User(process) == Libc.EffectiveUser()
        && DaemonIdentity.ReadNamespace(process.ToString(CultureInfo.InvariantCulture)) == DaemonIdentity.Own.Namespace;

    private static bool HasMarkOf(int process, HashSet<ulong> dead) =>
        dead.Count > 0 && InheritedMark.Find(process) is { } mark && dead.Contains(InheritedMark.OwnerOf(mark));

    private static bool HasVariableOfDead(int process) =>
        ProcessList.FindVariable(process, Mark) is { } text && DaemonIdentity.TryParse(text, out DaemonIdentity owner) && owner.IsDead;

    private static DaemonIdentity? OwnerOf(string folder) =>
        DaemonIdentity.TryParse(folder.AsSpan(RuntimeFolder.NamePrefix.Length), out DaemonIdentity owner, out _) ? owner : null;

    private static int RemoveFolders(string place)
    {
        int removed = 0;
        foreach (string name in FindNames(place))
            if (OwnerOf(name) is { IsDead: true } && FolderRemoval.Remove(Path.Join(place, name), mustBeUnlocked: true))
                removed++;

        return removed;
    }

    // In a place such as /tmp every user can choose a name, but not the owner of what has it.
    private static IReadOnlyList<string> FindNames(string place)
    {
        using HeldFolder? folder = HeldFolder.Open(place);
        return folder is null
            ? []
            : [.. folder.ReadNames().Where(name => name.StartsWith(RuntimeFolder.NamePrefix, StringComparison.Ordinal)
                && folder.StatusOf(name) is { Kind: FileKind.Folder, IsPrivate: true })];
    }
}
