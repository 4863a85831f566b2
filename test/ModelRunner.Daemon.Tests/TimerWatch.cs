using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests;

/// <summary>A clock that the test advances, with the times of its timers. Thread-safe.</summary>
internal sealed class TimerWatch : FakeTimeProvider
{
    private readonly ConcurrentQueue<TimeSpan> _dueTimes = new();

    /// <summary>The due times of all timers so far, in the order of their start.</summary>
    public IReadOnlyCollection<TimeSpan> DueTimes => _dueTimes;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ITimer timer = base.CreateTimer(callback, state, dueTime, period);
        _dueTimes.Enqueue(dueTime);
        return timer;
    }

    /// <summary>Waits until a timer with this due time was started. After that, the clock has an effect on it.</summary>
    public Task WaitForTimerAsync(TimeSpan dueTime) =>
        DaemonFixture.WaitUntilAsync(() => Task.FromResult(_dueTimes.Contains(dueTime)), DaemonFixture.Patience);
}
