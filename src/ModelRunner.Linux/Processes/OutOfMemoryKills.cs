namespace ModelRunner.Linux.Processes;

/// <summary>
/// Tells whether the kernel's out-of-memory killer may have killed a runner: it counts what it kills, but does not say which process it was.
/// Safe to use from any thread.
/// </summary>
/// <param name="read">Reads how many processes it has killed; null where the system does not say.</param>
internal sealed class OutOfMemoryKills(Func<long?> read)
{
    private readonly Lock _gate = new();
    private long _explained = read() ?? 0;

    /// <summary>Whether it killed a process that no earlier call has accounted for. To be called for each runner that SIGKILL ended.</summary>
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
