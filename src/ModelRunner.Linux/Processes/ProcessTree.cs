namespace ModelRunner.Linux.Processes;

/// <summary>
/// A runner with everything that it started: what is in its process group or session, what descends from it, and what carries its mark in
/// its environment, wherever it went. A wrapper script's engine belongs to it, also in a session of its own.
/// </summary>
/// <remarks>
/// The leader must not have been reaped while this is used: only so long can nobody else have the numbers of its group and session. Safe to
/// use from several threads.
/// </remarks>
/// <param name="leader">The process that was started, the leader of its group.</param>
/// <param name="mark">A variable, as <c>NAME=value</c>, that only this runner was started with.</param>
internal sealed class ProcessTree(int leader, string mark)
{
    // A look reads all of /proc, so it is not taken often while nothing is done but to wait.
    private const int WaitPauseMilliseconds = 50;
    private const int KillPauseMilliseconds = 5;
    private const int KillPatienceMilliseconds = 1000;

    private readonly Lock _gate = new();
    private readonly long _startTime = ProcessList.Find(leader)?.StartTime ?? 0;
    private readonly Dictionary<int, long> _seen = [];

    /// <summary>Sends a signal to every member that is alive, the leader included.</summary>
    public void Signal(int signal)
    {
        List<ProcessEntry> members = FindAlive();
        foreach (ProcessEntry member in members)
            Send(member, signal);

        // Where the leader is not found, /proc cannot be read, for want of a descriptor or because there is none.
        if (members.Count == 0)
            _ = Libc.Kill(-leader, signal);
    }

    /// <summary>
    /// Lets the members other than the leader end, then kills them again and again until none is left, and collects those that became
    /// children of this process. Returns after a second at the latest, beyond the time that it was asked to wait.
    /// </summary>
    /// <param name="waitUntil">Asked between two looks: true while they may still end by themselves.</param>
    /// <param name="pause">Lets so many milliseconds pass between two looks.</param>
    /// <returns>How many cannot be killed.</returns>
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
        // A process that is older than the leader cannot be its descendant. The environment is read last, for that costs the most.
        foreach (ProcessEntry process in all.Where(process => process.StartTime >= _startTime))
            if (process.Group == leader || process.Session == leader || IsKnown(process) || ProcessList.HasVariable(process.Id, mark))
                members.Add(process.Id);

        ProcessList.AddDescendants(members, all);
        members.Remove(Environment.ProcessId);
        List<ProcessEntry> found = all.FindAll(process => members.Contains(process.Id));
        foreach (ProcessEntry member in found)
            _seen[member.Id] = member.StartTime;
        return found;
    }

    private bool IsKnown(ProcessEntry process) => _seen.TryGetValue(process.Id, out long startTime) && startTime == process.StartTime;

    private static void Send(ProcessEntry member, int signal)
    {
        // The number could belong to another process by now. With the process held by a file, a second look settles it.
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

    // A member whose parent died is this process's child where it collects orphans; nobody else waits for it.
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
