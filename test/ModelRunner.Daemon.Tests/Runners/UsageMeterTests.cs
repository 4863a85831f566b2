using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Graphics;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>When the drivers of graphics cards are released.</summary>
public sealed class UsageMeterTests
{
    private static readonly RunnerId Id = new(1);

    private readonly LiveRunners _live = new();
    private readonly UsageMeter _meter;
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _reads;

    public UsageMeterTests()
    {
        var time = new FakeTimeProvider();
        _meter = new UsageMeter(_live, new GraphicsMeter(Read, _released.SetResult, time, NullLogger.Instance), time);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_last_runner_that_ends_during_a_measurement_releases_the_drivers()
    {
        FakeRunner runner = Add();
        runner.OnProcessId = () => _live.Remove(Id);
        await _meter.MeasureAsync();

        await _released.Task.WaitAsync(DaemonFixture.Patience, Cancellation);
        Assert.Equal(1, _reads);
    }

    [Fact]
    public async Task A_last_runner_that_ended_before_releases_the_drivers()
    {
        FakeRunner runner = Add();
        await _meter.MeasureAsync();
        _live.Remove(runner.Id);
        await _meter.MeasureAsync();
        await _released.Task.WaitAsync(DaemonFixture.Patience, Cancellation);
        Assert.Equal(1, _reads);
    }

    private FakeRunner Add()
    {
        var runner = new FakeRunner(Id, new RunnerKey("llama.cpp", "a", RunnerMode.Completion));
        _live.Add(new LiveRunner(Id, runner.Endpoint, runner, replica: null));
        return runner;
    }

    private GraphicsReading Read(IReadOnlyCollection<int> processes)
    {
        Interlocked.Increment(ref _reads);
        return new GraphicsReading();
    }
}
