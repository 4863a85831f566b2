using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

/// <summary>The numbers and causes that the scheduler gives for its decisions.</summary>
public sealed class ExplanationTests
{
    [Fact]
    public void A_start_has_the_numbers_before_it()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MemoryBudgetBytes = 100, MaxRunners = 5 });
        bed.Load(A, memory: 30);
        bed.Ask(B, memory: 60);

        Assert.Equal(new CapacityReading(60, 30, 100, 1, 5), Assert.Single(bed.Explained.OfType<StartRunner>()).Capacity);
    }

    [Fact]
    public void An_eviction_names_the_model_that_it_makes_room_for()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxRunners = 1 });
        (RunnerId first, RequestId request) = bed.Load(A);
        bed.Complete(request);
        bed.Ask(B);

        StopRunner stop = Assert.Single(bed.Explained.OfType<StopRunner>());
        Assert.Equal((first, B), (stop.Runner, stop.For));
        Assert.Equal(new DelayStart(B, DelayCause.Stopping, new CapacityReading(0, 0, null, 1, 1)), Assert.Single(bed.Explained.OfType<DelayStart>()));
        bed.Exit(first);
        Assert.Empty(bed.Explained.OfType<DelayStart>());
    }

    [Fact]
    public void An_idle_runner_that_stops_makes_room_for_nobody()
    {
        var bed = new SchedulerBed();
        (RunnerId _, RequestId request) = bed.Load(A);
        bed.Complete(request);

        bed.Pass(new SchedulerSettings().DefaultKeepAlive);

        StopRunner stop = Assert.Single(bed.Explained.OfType<StopRunner>());
        Assert.Equal((StopReason.Idle, null), (stop.Reason, stop.For));
    }

    [Fact]
    public void A_wait_is_reported_once_for_each_cause()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxRunners = 1 });
        (RunnerId _, RequestId request) = bed.Load(A);
        bed.Ask(B);
        Assert.Equal(DelayCause.Busy, Assert.Single(bed.Explained.OfType<DelayStart>()).Cause);
        bed.Ask(B);
        Assert.Empty(bed.Explained.OfType<DelayStart>());

        bed.Ask(C);
        DelayStart behind = Assert.Single(bed.Explained.OfType<DelayStart>());
        Assert.Equal((C, DelayCause.Queue, B), (behind.Key, behind.Cause, behind.Behind));

        bed.Complete(request);
        DelayStart stopping = Assert.Single(bed.Explained.OfType<DelayStart>());
        Assert.Equal((B, DelayCause.Stopping), (stopping.Key, stopping.Cause));
    }

    [Fact]
    public void A_second_wait_of_a_model_is_reported_again()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxRunners = 1 });
        bed.Load(A);
        RequestId left = bed.Ask(B);
        bed.Handle(new ClientDisconnected(left));
        bed.Ask(B);

        Assert.Equal(DelayCause.Busy, Assert.Single(bed.Explained.OfType<DelayStart>()).Cause);
    }
}
