using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;

namespace ModelRunner.Store.Tests.Archives;

/// <summary>A clock that a test moves when somebody waits for it.</summary>
internal sealed class WaitingClock : FakeTimeProvider
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Channel<bool> _timers = Channel.CreateUnbounded<bool>();

    /// <summary>Waits until one more timer is set, and moves the clock.</summary>
    /// <exception cref="TimeoutException">Nobody set one for a minute.</exception>
    public async Task PassAsync(TimeSpan time)
    {
        await _timers.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Limit, TestContext.Current.CancellationToken);
        Advance(time);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ITimer timer = base.CreateTimer(callback, state, dueTime, period);
        _timers.Writer.TryWrite(true);
        return timer;
    }
}
