using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Hosting;

namespace ModelRunner.Daemon.Tests.Hosting;

/// <summary>When the daemon returns unused memory to the system.</summary>
public sealed class MemoryReleaseTests
{
    private const long Mebibyte = 1024 * 1024;

    private readonly FakeTimeProvider _time = new();
    private long _resident = 100 * Mebibyte;
    private long _live = 40 * Mebibyte;
    private bool _isBusy;
    private int _releases;

    [Fact]
    public async Task It_is_released_once_after_the_start()
    {
        using MemoryRelease release = await StartAsync();
        _time.Advance(MemoryRelease.Pause);

        Assert.Equal(1, _releases);
        Assert.Equal(_live, _resident);
    }

    [Fact]
    public async Task Memory_that_is_needed_again_at_once_is_not_released_more_often_than_the_pause()
    {
        using MemoryRelease release = await StartAsync();

        for (TimeSpan passed = MemoryRelease.Interval; passed < 10 * MemoryRelease.Pause; passed += MemoryRelease.Interval)
        {
            _resident = 100 * Mebibyte;
            _time.Advance(MemoryRelease.Interval);
        }

        Assert.Equal(10, _releases);
    }

    [Fact]
    public async Task It_is_released_when_it_has_grown_and_no_request_runs()
    {
        using MemoryRelease release = await StartAsync();

        _resident = _live + MemoryRelease.MinGrowth;
        _time.Advance(MemoryRelease.Pause);
        Assert.Equal(1, _releases);

        _resident++;
        _time.Advance(MemoryRelease.Interval);
        Assert.Equal(2, _releases);
        Assert.Equal(_live, _resident);
    }

    [Fact]
    public async Task It_is_not_released_while_a_request_runs()
    {
        using MemoryRelease release = await StartAsync();
        (_resident, _isBusy) = (400 * Mebibyte, true);

        _time.Advance(MemoryRelease.Pause);
        Assert.Equal(1, _releases);

        _isBusy = false;
        _time.Advance(MemoryRelease.Interval);
        Assert.Equal(2, _releases);
    }

    [Fact]
    public async Task Memory_that_is_in_use_is_not_released_again_and_again()
    {
        using MemoryRelease release = await StartAsync();
        _live = _resident = 1000 * Mebibyte;

        for (int i = 0; i < 10; i++)
            _time.Advance(MemoryRelease.Pause);
        Assert.Equal(2, _releases);

        _resident = 1200 * Mebibyte;
        _time.Advance(MemoryRelease.Pause);
        Assert.Equal(2, _releases);

        _resident = 1251 * Mebibyte;
        _time.Advance(MemoryRelease.Pause);
        Assert.Equal(3, _releases);
    }

    [Fact]
    public async Task It_is_not_released_when_the_daemon_ends_during_its_start()
    {
        using MemoryRelease release = Create();

        await release.StartAsync(Task.CompletedTask, new CancellationToken(canceled: true));
        _time.Advance(MemoryRelease.Interval);

        Assert.Equal(0, _releases);
    }

    private MemoryRelease Create() => new(() => _isBusy, _time, () => _resident, () =>
    {
        _resident = _live;
        _releases++;
    });

    private async Task<MemoryRelease> StartAsync()
    {
        MemoryRelease release = Create();
        Task started = release.StartAsync(Task.CompletedTask, TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromSeconds(1));
        await started;
        return release;
    }
}
