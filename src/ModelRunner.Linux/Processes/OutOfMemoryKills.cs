namespace ModelRunner.Linux.Processes;

/// <summary>
/// Decides whether the kernel's out-of-memory killer ended a runner. The kernel counts what it killed, but names the process only in its log,
/// which is not readable everywhere. Safe to use from any thread.
/// </summary>
/// <param name="read">Reads the number of processes that it has killed; null where the system does not count them.</param>
/// <param name="log">The kernel's log, which this object owns; null where it is not readable.</param>
internal sealed class OutOfMemoryKills(Func<long?> read, KernelLog? log = null) : IDisposable
{
    // More than the number of runners that can end at the same time. If the list is full it is emptied; those processes then count as not named.
    private const int MaxNamed = 256;

    private readonly Lock _gate = new();
    private readonly HashSet<int> _named = [];
    private long _explained = read() ?? 0;

    /// <summary>Whether it ended this process. Call it once for each runner that SIGKILL ended.</summary>
    public MemoryKill Explain(int process)
    {
        lock (_gate)
        {
            long count = read() ?? _explained;

            // The daemon was moved to another control group, whose counter begins at zero.
            _explained = Math.Min(_explained, count);
            foreach (int named in log?.ReadKills() ?? [])
            {
                if (_named.Count >= MaxNamed)
                    _named.Clear();
                if (_named.Add(named) && _explained < count)
                    _explained++;
            }

            if (_named.Remove(process))
                return MemoryKill.Yes;
            if (count <= _explained)
                return MemoryKill.No;
            _explained++;
            return MemoryKill.Perhaps;
        }
    }

    public void Dispose() => log?.Dispose();
}
