using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Graphics;

namespace ModelRunner.Daemon.Tests.Runners;

public sealed class GraphicsMeterTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly SemaphoreSlim _begun = new(0);
    private readonly SemaphoreSlim _mayEnd = new(0);
    private readonly GraphicsMeter _meter;
    private int _reads;
    private int _releases;
    private bool _hasDriver = true;

    public GraphicsMeterTests() => _meter = new GraphicsMeter(Read, () => Interlocked.Increment(ref _releases), _time);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _mayEnd.Release(100);
        _begun.Dispose();
    }

    [Fact]
    public async Task A_driver_that_hangs_delays_nobody_and_its_last_values_end()
    {
        await ReadOnceAsync();
        Assert.Equal("a", Assert.Single(_meter.Latest.Cards).Card);

        _time.Advance(GraphicsMeter.Interval);
        _meter.Refresh([]);
        await _begun.WaitAsync(Cancellation);
        _time.Advance(GraphicsMeter.Interval);
        _meter.Refresh([]);
        _meter.Release();
        Assert.Single(_meter.Latest.Cards);
        _time.Advance(GraphicsMeter.MaxAge);
        _meter.Refresh([]);
        Assert.Empty(_meter.Latest.Cards);
        Assert.Equal((2, 0), (_reads, _releases));

        // It works again.
        _mayEnd.Release();
        await UntilAsync(() => _meter.Latest.Cards.Count == 1);
    }

    [Fact]
    public async Task A_value_is_read_again_after_some_time_and_not_before()
    {
        await ReadOnceAsync();
        _time.Advance(GraphicsMeter.Interval - TimeSpan.FromTicks(1));
        _meter.Refresh([]);
        Assert.Equal(1, _reads);
        _time.Advance(TimeSpan.FromTicks(1));
        await ReadOnceAsync();
        Assert.Equal(2, _reads);
    }

    [Fact]
    public async Task A_machine_without_a_driver_is_asked_once_until_all_runners_have_ended()
    {
        _hasDriver = false;
        await ReadOnceAsync();
        _time.Advance(GraphicsMeter.MaxAge);
        _meter.Refresh([]);
        Assert.Equal(1, _reads);

        await UntilAsync(() =>
        {
            _meter.Release();
            return Volatile.Read(ref _releases) == 1;
        });
        _hasDriver = true;
        await ReadOnceAsync();
        Assert.Single(_meter.Latest.Cards);
        _meter.Release();
        Assert.Empty(_meter.Latest.Cards);
    }

    private GraphicsReading? Read(IReadOnlyCollection<int> processes)
    {
        Interlocked.Increment(ref _reads);
        _begun.Release();
        _mayEnd.Wait(Cancellation);
        if (!_hasDriver)
            return null;
        var reading = new GraphicsReading();
        reading.Add(new CardMemory("a", 2, 1));
        return reading;
    }

    /// <summary>Begins to read until it succeeds: the thread of the last action may not have ended yet.</summary>
    private async Task ReadOnceAsync()
    {
        await UntilAsync(() =>
        {
            _meter.Refresh([]);
            return _begun.Wait(0, Cancellation);
        });
        _mayEnd.Release();
        await UntilAsync(() => _meter.IsIdle);
    }

    private static Task UntilAsync(Func<bool> condition) =>
        ModelRunner.Testing.DaemonFixture.WaitUntilAsync(() => Task.FromResult(condition()), TimeSpan.FromSeconds(60));
}
