using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

public sealed class StopCountersTests
{
    private readonly StopCounters _counters = new();

    [Fact]
    public void Counts_are_in_order_of_key_and_reason()
    {
        _counters.Count(Key("b"), StopReason.Idle);
        _counters.Count(Key("a"), StopReason.Killed);
        _counters.Count(Key("a"), StopReason.Idle);
        _counters.Count(Key("b"), StopReason.Idle);

        Assert.Equal(
            [
                new StopCount(Key("a"), StopReason.Idle, 1),
                new StopCount(Key("a"), StopReason.Killed, 1),
                new StopCount(Key("b"), StopReason.Idle, 2),
            ],
            _counters.Snapshot);
    }

    [Fact]
    public void A_snapshot_does_not_change()
    {
        _counters.Count(Key("a"), StopReason.Idle);
        IReadOnlyList<StopCount> before = _counters.Snapshot;

        _counters.Count(Key("a"), StopReason.Idle);

        Assert.Equal([new StopCount(Key("a"), StopReason.Idle, 1)], before);
        Assert.NotSame(before, _counters.Snapshot);
    }

    [Fact]
    public void Of_too_many_keys_the_one_that_stopped_first_is_forgotten()
    {
        for (int i = 0; i < StopCounters.MaxKeys; i++)
            _counters.Count(Key($"m{i}"), StopReason.Idle);
        _counters.Count(Key("m0"), StopReason.Idle);
        Assert.Equal(StopCounters.MaxKeys, _counters.Snapshot.Count);

        _counters.Count(Key("another"), StopReason.Idle);

        Assert.Equal(StopCounters.MaxKeys, _counters.Snapshot.Count);
        Assert.DoesNotContain(_counters.Snapshot, static stop => stop.Key == Key("m1"));
        Assert.Contains(new StopCount(Key("m0"), StopReason.Idle, 2), _counters.Snapshot);
    }

    private static RunnerKey Key(string model) => new("llama.cpp", model, RunnerMode.Completion);
}
