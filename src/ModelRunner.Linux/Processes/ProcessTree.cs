namespace ModelRunner.Linux.Processes;

/// <summary>
/// A runner with all processes that it started: those in its process group or session, its descendants, and those that have its mark, inherited
/// or in their environment. So it contains an engine that a wrapper script started in another session.
/// </summary>
/// <remarks>
/// The leader must not be reaped while this is used: until then no other group or session can have its id. Safe to use from several
/// threads.
/// </remarks>
/// <param name="leader">The process that was started, the leader of its group.</param>
/// <param name="mark">The environment variable, as <c>NAME=value</c>, that only this runner was started with.</param>
internal sealed class ProcessTree(int leader, string mark)
{
    // A scan reads all of /proc, so the pause is longer while the processes may still end by themselves.
    private const int WaitPauseMilliseconds = 50;
    private const int KillPauseMilliseconds = 5;
    private const int KillPatienceMilliseconds = 1000;

    private readonly Lock _gate = new();
    private readonly Dictionary<int, long> _seen = [];
    private readonly ulong? _inherited = InheritedMark.Of(mark);

    /// <summary>When the leader started, as in <see cref="ProcessEntry"/>; 0 where <c>/proc</c> cannot be read.</summary>
    public long StartTime { get; } = ProcessList.Find(leader)?.StartTime ?? 0;

    /// <summary>Sends a signal to every process of the tree, the leader included.</summary>
    public void Signal(int signal)
    {
        List<ProcessEntry> members = FindAlive();
        foreach (ProcessEntry member in members)
            Send(member, signal);

        // Where the leader is not found, /proc cannot be read: there is none, or no free descriptor.
        if (members.Count == 0)
            _ = Libc.Kill(-leader, signal);
    }

    /// <summary>Whether a process of the tree runs as this user.</summary>
    public bool RunsAs(uint user) => FindAlive().Exists(member => ProcessList.User(member.Id) == user);

    /// <summary>
    /// Waits for the processes other than the leader to end, then kills them repeatedly until none is left, and reaps those that became
    /// children of this process. Kills for at most one second.
    /// </summary>
    /// <param name="waitUntil">Called between two scans: true while they may still end by themselves.</param>
    /// <param name="pause">Waits the given number of milliseconds between two scans.</param>
    /// <returns>The number of processes that could not be killed.</returns>
    public int End(Func<bool> waitUntil, Action<int> pause)
    {
        long? killingSince = null;
        while (true)
        {
            List<ProcessEntry> members = FindAlive();
            members.RemoveAll(member => member.Id == leader);
            Reap();
            if (members.Count == 0)
            {
                _ = Libc.Kill(-leader, Libc.SigKill);
                return 0;
            }

            if (killingSince is not null || !waitUntil())
            {
                killingSince ??= Environment.TickCount64;
                foreach (ProcessEntry member in members)
                    Send(member, Libc.SigKill);
                if (Environment.TickCount64 - killingSince > KillPatienceMilliseconds)
                    return members.Count;
            }

            pause(killingSince is null ? WaitPauseMilliseconds : KillPauseMilliseconds);
        }
    }

    private List<ProcessEntry> FindAlive()
    {
        lock (_gate)
            return Find().FindAll(static member => member.IsAlive);
    }

    private List<ProcessEntry> Find()
    {
        List<ProcessEntry> all = ProcessList.ReadAll();
        HashSet<int> members = [leader];
        // A process that is older than the leader cannot be its descendant. The environment is read last, since that costs most.
        foreach (ProcessEntry process in all.Where(process => process.StartTime >= StartTime))
            if (process.Group == leader || process.Session == leader || IsKnown(process) || HasMark(process))
                members.Add(process.Id);

        ProcessList.AddDescendants(members, all);
        members.Remove(Environment.ProcessId);
        List<ProcessEntry> found = all.FindAll(process => members.Contains(process.Id));
        foreach (ProcessEntry member in found)
            _seen[member.Id] = member.StartTime;
        return found;
    }

    // Every user can write a mark, and root can read the marks of all. A process that changed its user is still found as a descendant of the
    // leader, and after the end of its parent as a child of this process, which adopts orphans.
    private bool HasMark(ProcessEntry process) =>
        ((_inherited is { } inherited && InheritedMark.Find(process.Id) == inherited) || ProcessList.HasVariable(process.Id, mark))
        && (process.Parent == Environment.ProcessId || ProcessList.User(process.Id) == Libc.EffectiveUser());

    private bool IsKnown(ProcessEntry process) => _seen.TryGetValue(process.Id, out long startTime) && startTime == process.StartTime;

    private static void Send(ProcessEntry member, int signal)
    {
        // The id may belong to another process by now. A descriptor keeps the process, so the second check is certain.
        int file = Libc.OpenProcess(member.Id);
        if (file >= 0)
        {
            if (ProcessList.Find(member.Id)?.StartTime == member.StartTime)
                Libc.SignalProcess(file, signal);
            _ = Libc.Close(file);
        }
        else if (ProcessList.Find(member.Id)?.StartTime == member.StartTime)
        {
            _ = Libc.Kill(member.Id, signal);
        }
    }

    // A process whose parent ended becomes a child of this process where it adopts orphans, and only this process can reap it.
    private unsafe void Reap()
    {
        lock (_gate)
        {
            foreach ((int member, long startTime) in _seen)
            {
                int status;
                if (member != leader && ProcessList.Find(member) is { IsAlive: false } zombie
                    && zombie.Parent == Environment.ProcessId && zombie.StartTime == startTime)
                {
                    _ = Libc.WaitPid(member, &status, Libc.WaitNoHang);
                }
            }
        }
    }
}
