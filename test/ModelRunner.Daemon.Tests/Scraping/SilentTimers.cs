using System.Collections.Concurrent;

namespace ModelRunner.Daemon.Tests.Scraping;

/// <summary>A clock whose timers never fire; it records their times.</summary>
internal sealed class SilentTimers : TimeProvider
{
    public ConcurrentQueue<TimeSpan> DueTimes { get; } = new();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new SilentTimer(this);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class SilentTimer(SilentTimers timers) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            timers.DueTimes.Enqueue(dueTime);
            return true;
        }

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
