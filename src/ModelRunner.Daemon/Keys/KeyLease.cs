namespace ModelRunner.Daemon.Keys;

/// <summary>A request in flight of a key. Disposing it a second time has no effect. Thread-safe.</summary>
/// <param name="leave">Ends it.</param>
internal sealed class KeyLease(Action leave) : IDisposable
{
    private Action? _leave = leave;

    public void Dispose() => Interlocked.Exchange(ref _leave, null)?.Invoke();
}
