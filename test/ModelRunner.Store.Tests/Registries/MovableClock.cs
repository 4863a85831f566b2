namespace ModelRunner.Store.Tests.Registries;

/// <summary>A clock that a test moves forward. Its timers are those of the system.</summary>
internal sealed class MovableClock : TimeProvider
{
    private long _moved;

    public void Advance(TimeSpan time) => Interlocked.Add(ref _moved, time.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _moved));
}
