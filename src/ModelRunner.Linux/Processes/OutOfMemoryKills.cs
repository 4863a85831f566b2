namespace ModelRunner.Linux.Processes;

/// <summary>
/// Decides whether the kernel's out-of-memory killer may have killed a runner. The kernel counts what it killed, but does not name the process.
/// Safe to use from any thread.
/// </summary>
/// <param name="read">Reads the number of processes that it has killed; null where the system does not count them.</param>
internal sealed class OutOfMemoryKills(Func<long?> read)
{
    private readonly Lock _gate = new();
    private long _explained = read() ?? 0;

    /// <summary>Whether it killed a process that no earlier call has counted. Call it for each runner that SIGKILL ended.</summary>
    public bool TakeOne()
    {
        lock (_gate)
        {
            if (read() is not { } count || count <= _explained)
                return false;
            _explained++;
            return true;
        }
    }
}
