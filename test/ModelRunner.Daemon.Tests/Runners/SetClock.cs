using Microsoft.Extensions.Time.Testing;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>A fake clock whose time of day can be set, as an administrator or NTP does. Elapsed times and timers do not follow it.</summary>
internal sealed class SetClock(FakeTimeProvider time) : TimeProvider
{
    /// <summary>How far the time of day is from that of the fake clock.</summary>
    public TimeSpan Offset { get; set; }

    public override long TimestampFrequency => time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => time.GetUtcNow() + Offset;

    public override long GetTimestamp() => time.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        time.CreateTimer(callback, state, dueTime, period);
}
