using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Graphics;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Runners;

public sealed class GraphicsMeterTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly SemaphoreSlim _begun = new(0);
    private readonly SemaphoreSlim _mayEnd = new(0);
    private readonly GraphicsMeter _meter;
    private readonly ListLogger<GraphicsMeter> _log = new();
    private Thread? _thread;
    private int _reads;
    private int _releases;
    private bool _hasDriver = true;
    private bool _isBroken;

    public GraphicsMeterTests() => _meter = new GraphicsMeter(Read, Release, _time, _log);

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

        await BeginAsync();
        _time.Advance(GraphicsMeter.Interval);
        _meter.Refresh([]);
        Assert.Single(_meter.Latest.Cards);
        _time.Advance(GraphicsMeter.MaxAge);
        _meter.Refresh([]);
        Assert.Empty(_meter.Latest.Cards);
        Assert.Equal(2, _reads);

        // It works again.
        End();
        Assert.Single(_meter.Latest.Cards);
    }

    [Fact]
    public async Task A_driver_that_hangs_when_the_last_runner_ends_is_released_when_it_works_again()
    {
        await ReadOnceAsync();
        await BeginAsync();
        _meter.Release();
        Assert.Empty(_meter.Latest.Cards);
        Assert.Equal(0, _releases);

        End();
        Assert.Equal(1, _releases);
        Assert.Empty(_meter.Latest.Cards);
        _meter.Release();
        await ReadOnceAsync();
        Assert.Equal(1, _releases);
        Assert.Single(_meter.Latest.Cards);
    }

    [Fact]
    public async Task A_runner_that_starts_before_a_driver_was_released_keeps_it()
    {
        await BeginAsync();
        _meter.Release();
        _meter.Refresh([]);

        End();
        Assert.Equal(0, _releases);
        Assert.Single(_meter.Latest.Cards);
    }

    [Fact]
    public async Task A_reading_that_fails_is_logged_once_and_the_last_values_end()
    {
        await ReadOnceAsync();
        _isBroken = true;
        await ReadOnceAsync();
        Assert.Single(_meter.Latest.Cards);
        await ReadOnceAsync();
        await ReadOnceAsync();
        Assert.Empty(_meter.Latest.Cards);
        Assert.Single(_log.Lines);

        _isBroken = false;
        await ReadOnceAsync();
        Assert.Single(_meter.Latest.Cards);
    }

    [Fact]
    public async Task A_release_that_fails_ends_nothing()
    {
        await ReadOnceAsync();
        _isBroken = true;
        _meter.Release();
        Assert.True(await _begun.WaitAsync(DaemonFixture.Patience, Cancellation));
        Assert.True(_thread!.Join(DaemonFixture.Patience));
        Assert.Single(_log.Lines);

        _isBroken = false;
        await ReadOnceAsync();
        Assert.Single(_meter.Latest.Cards);
    }

    [Fact]
    public async Task A_value_is_read_again_after_some_time_and_not_before()
    {
        await ReadOnceAsync();
        _time.Advance(GraphicsMeter.Interval - TimeSpan.FromTicks(1));
        _meter.Refresh([]);
        Assert.Equal(1, _reads);
        _time.Advance(TimeSpan.FromTicks(1));
        _meter.Refresh([]);
        Assert.True(await _begun.WaitAsync(DaemonFixture.Patience, Cancellation));
        End();
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

        _meter.Release();
        Assert.True(await _begun.WaitAsync(DaemonFixture.Patience, Cancellation));
        Assert.True(_thread!.Join(DaemonFixture.Patience));
        Assert.Equal(1, _releases);
        _hasDriver = true;
        await ReadOnceAsync();
        Assert.Single(_meter.Latest.Cards);
        _meter.Release();
        Assert.Empty(_meter.Latest.Cards);
    }

    private GraphicsReading? Read(IReadOnlyCollection<int> processes)
    {
        _thread = Thread.CurrentThread;
        Interlocked.Increment(ref _reads);
        _begun.Release();
        _mayEnd.Wait(Cancellation);
        if (_isBroken)
            throw new OverflowException("The driver tells nonsense.");
        if (!_hasDriver)
            return null;
        var reading = new GraphicsReading();
        reading.Add(new CardMemory("a", 2, 1));
        return reading;
    }

    private void Release()
    {
        bool isOfReading = _thread == Thread.CurrentThread;
        _thread = Thread.CurrentThread;
        Interlocked.Increment(ref _releases);
        if (!isOfReading)
            _begun.Release();
        if (_isBroken)
            throw new OverflowException("The driver tells nonsense.");
    }

    /// <summary>Begins to read, as late as the next reading may begin.</summary>
    private async Task BeginAsync()
    {
        _time.Advance(GraphicsMeter.Interval);
        _meter.Refresh([]);
        Assert.True(await _begun.WaitAsync(DaemonFixture.Patience, Cancellation));
    }

    /// <summary>The driver responds, and the thread ends.</summary>
    private void End()
    {
        _mayEnd.Release();
        Assert.True(_thread!.Join(DaemonFixture.Patience));
    }

    private async Task ReadOnceAsync()
    {
        await BeginAsync();
        End();
    }
}
