namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>A clock with one timer, which ticks on the caller's thread, also if an earlier tick has not ended.</summary>
internal sealed class TickedTime : TimeProvider
{
    private Action? _tick;

    public void Tick() => _tick!();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        _tick = () => callback(state);
        return new Timer();
    }

    private sealed class Timer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
