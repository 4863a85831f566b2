namespace ModelRunner.Store.Tests.Pulls;

/// <summary>
/// A clock that nobody waits for: a timer goes off at once, and the clock then shows the time at which it was due. So what a limit of a rate makes of some bytes is exact.
/// </summary>
internal sealed class JumpingTime : TimeProvider
{
    private long _now = DateTimeOffset.UnixEpoch.AddYears(56).Ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _now);

    public override DateTimeOffset GetUtcNow() => new(GetTimestamp(), TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        long due = GetTimestamp() + Math.Max(0, dueTime.Ticks);
        return System.CreateTimer(
            inner =>
            {
                Reach(due);
                callback(inner);
            },
            state, dueTime < TimeSpan.Zero ? dueTime : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private void Reach(long due)
    {
        for (long now = GetTimestamp(); now < due; now = GetTimestamp())
            Interlocked.CompareExchange(ref _now, due, now);
    }
}
