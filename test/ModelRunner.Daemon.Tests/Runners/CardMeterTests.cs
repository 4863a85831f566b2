using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Linux.Graphics;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>What runners may use of a card whose driver names no processes.</summary>
public sealed class CardMeterTests
{
    private const string Card = "0000:01:00.0";
    private const long Unit = 1L << 30;

    private readonly FakeTimeProvider _time = new();
    private long _used;

    [Fact]
    public async Task What_a_loading_runner_has_allocated_counts_as_held_by_runners_up_to_what_it_reserved()
    {
        var graphics = new GraphicsMeter(Read, static () => { }, _time, NullLogger.Instance);
        var meter = new CardMeter(new LiveRunners(), graphics, _time);
        meter.Configure([[new EngineDevice("CUDA0", 24 * Unit)]]);

        // Another program uses 4.
        _used = 4 * Unit;
        Assert.Equal(20 * Unit, await MeasureAsync(meter, []));
        _used = 7 * Unit;
        Assert.Equal(20 * Unit, await MeasureAsync(meter, [Runner(RunnerState.Loading, 6)]));
        _used = 14 * Unit;
        Assert.Equal(16 * Unit, await MeasureAsync(meter, [Runner(RunnerState.Loading, 6)]));
        _used = 10 * Unit;
        Assert.Equal(20 * Unit, await MeasureAsync(meter, [Runner(RunnerState.Ready, 6)]));
    }

    private async Task<long> MeasureAsync(CardMeter meter, IReadOnlyList<RunnerSnapshot> runners)
    {
        _time.Advance(MemoryMeter.MaxAge);
        return (await meter.MeasureAsync(new TimePassed(), runners)).Budgets![Card];
    }

    private GraphicsReading? Read(IReadOnlyCollection<int> processes)
    {
        var reading = new GraphicsReading();
        reading.Add(new CardMemory(Card, 24 * Unit, _used));
        return reading;
    }

    private static RunnerSnapshot Runner(RunnerState state, long units) => new()
    {
        Id = new RunnerId(1), Key = new RunnerKey("llama.cpp", "m", RunnerMode.Completion), State = state, IsAttached = false, Engine = "llama-server",
        Cards = [new CardShare(Card, units * Unit)],
    };
}
