using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

public class KeepAliveTests
{
    private readonly SchedulerBed _bed = new();

    [Fact]
    public void MEM_04_idle_time_counts_from_the_end_of_the_last_request()
    {
        (RunnerId runner, RequestId stream) = _bed.Load(A, Seconds(10));
        Assert.Empty(_bed.Pass(Seconds(40)));
        _bed.Complete(stream);
        Assert.Empty(_bed.Pass(Seconds(9.9)));
        Assert.Equal([new StopRunner(runner, StopReason.Idle)], _bed.Pass(Seconds(0.1)));
    }

    [Fact]
    public void MEM_02_reading_the_state_keeps_no_runner_loaded()
    {
        RunnerId runner = _bed.LoadIdle(A, Seconds(30));
        for (int i = 0; i < 5; i++)
        {
            Assert.Empty(_bed.Pass(Seconds(5)));
            Assert.Single(_bed.Runners);
        }

        Assert.Equal([new StopRunner(runner, StopReason.Idle)], _bed.Pass(Seconds(5)));
    }

    [Fact]
    public void MEM_06_zero_unloads_after_the_response_and_not_during_it()
    {
        (RunnerId runner, RequestId request) = _bed.Load(A, TimeSpan.Zero);
        Assert.Empty(_bed.Pass(TimeSpan.FromHours(1)));
        _bed.Complete(request);
        Assert.Equal([new StopRunner(runner, StopReason.Idle)], _bed.Effects);
    }

    [Fact]
    public void A_negative_time_keeps_it_for_ever()
    {
        _bed.LoadIdle(A, TimeSpan.FromTicks(-1));
        Assert.Null(_bed.NextDeadline);
        Assert.Empty(_bed.Pass(TimeSpan.FromDays(400)));
    }

    [Fact]
    public void The_longest_time_there_is_does_not_overflow()
    {
        _bed.Pass(TimeSpan.FromDays(1));
        _bed.LoadIdle(A, TimeSpan.MaxValue);
        Assert.Empty(_bed.Pass(TimeSpan.FromDays(400)));
    }

    [Fact]
    public void The_last_request_says_how_long()
    {
        _bed.LoadIdle(A, Seconds(10));
        _bed.Complete(_bed.Ask(A, Seconds(60)));
        Assert.Empty(_bed.Pass(Seconds(59)));
        Assert.Single(_bed.Pass(Seconds(1)).OfType<StopRunner>());
    }

    [Fact]
    public void A_new_default_applies_to_runners_that_are_there()
    {
        RunnerId runner = _bed.LoadIdle(A);
        _bed.Handle(new ConfigurationChanged(new SchedulerSettings { DefaultKeepAlive = Seconds(1) }));
        Assert.Equal([new StopRunner(runner, StopReason.Idle)], _bed.Pass(Seconds(1)));
    }
}
