namespace ModelRunner.Scheduling.Tests;

/// <summary>Estimates that are larger only because of one measurement.</summary>
public class DemandTests
{
    [Theory]
    [InlineData(150, 100, 100, 100L)]
    [InlineData(150, 90, 100, 100L)]
    [InlineData(80, 50, 100, 80L)]
    public void One_measurement_alone_refuses_no_model(long memory, long least, long budget, long reserved)
    {
        var bed = new SchedulerBed(new SchedulerSettings { MemoryBudgetBytes = budget });
        bed.Handle(Arrive(new RunnerDemand(memory, null) { LeastBytes = least, MeasuredLoads = 1 }));

        StartRunner start = Assert.Single(bed.Explained.OfType<StartRunner>());
        Assert.Equal((reserved, 1), (start.Capacity!.NeededBytes, start.Capacity.MeasuredLoads));
        Assert.Equal(reserved, bed.Status(SchedulerBed.A).MemoryBytes);
    }

    [Theory]
    [InlineData(150, 101L)]
    [InlineData(150, null)]
    public void What_is_certain_refuses_it(long memory, long? least)
    {
        var bed = new SchedulerBed(new SchedulerSettings { MemoryBudgetBytes = 100 });
        bed.Handle(Arrive(new RunnerDemand(memory, null) { LeastBytes = least }));

        Assert.Equal(RefusalReason.OutOfMemory, bed.Refusal().Reason);
    }

    [Fact]
    public void Without_a_budget_the_measurement_counts()
    {
        var bed = new SchedulerBed();
        bed.Handle(Arrive(new RunnerDemand(150, null) { LeastBytes = 10 }));

        Assert.Equal(150, bed.Status(SchedulerBed.A).MemoryBytes);
    }

    [Fact]
    public void A_budget_that_shrinks_while_a_request_waits_does_not_refuse_it()
    {
        SchedulerBed bed = WaitBehindB();
        bed.Handle(new MemoryMeasured(9999));

        Assert.Empty(bed.Effects.OfType<Refuse>());
        Assert.Equal(9999, bed.Status(SchedulerBed.A).MemoryBytes);
        bed.Exit(bed.Status(SchedulerBed.B).Id);
        Assert.Equal(9999, Assert.Single(bed.Explained.OfType<StartRunner>()).Capacity!.NeededBytes);
    }

    [Fact]
    public void A_budget_that_grows_while_a_request_waits_gives_it_all_of_the_estimate()
    {
        SchedulerBed bed = WaitBehindB();
        bed.Handle(new MemoryMeasured(20_000));

        Assert.Equal(12_000, Assert.Single(bed.Explained.OfType<StartRunner>()).Capacity!.NeededBytes);
    }

    [Fact]
    public void A_configured_budget_changes_what_a_waiting_request_reserves()
    {
        SchedulerBed bed = WaitBehindB();
        bed.Handle(new ConfigurationChanged(new SchedulerSettings { MemoryBudgetBytes = 9000 }));

        Assert.Empty(bed.Effects.OfType<Refuse>());
        Assert.Equal(9000, bed.Status(SchedulerBed.A).MemoryBytes);
    }

    [Fact]
    public void A_budget_below_what_is_certain_refuses_a_waiting_request()
    {
        SchedulerBed bed = WaitBehindB();
        bed.Handle(new MemoryMeasured(7999));

        Assert.Equal(RefusalReason.OutOfMemory, bed.Refusal().Reason);
    }

    [Fact]
    public void A_process_keeps_its_reservation_and_its_successor_gets_a_new_one()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MemoryBudgetBytes = 10_000 });
        RunnerId first = bed.LoadIdle(SchedulerBed.A, memory: 3000);
        bed.Unload("a");
        bed.Handle(Arrive(new RunnerDemand(12_000, null) { LeastBytes = 8000, MeasuredLoads = 1 }));
        Assert.Equal(3000, bed.Status(SchedulerBed.A).MemoryBytes);

        bed.Exit(first);
        Assert.Equal(10_000, Assert.Single(bed.Explained.OfType<StartRunner>()).Capacity!.NeededBytes);
        bed.Handle(new MemoryMeasured(9000));
        Assert.Equal(10_000, bed.Status(SchedulerBed.A).MemoryBytes);
    }

    // The idle model b is being stopped for a request of a, whose estimate is larger than the budget.
    private static SchedulerBed WaitBehindB()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MemoryBudgetBytes = 10_000 });
        bed.LoadIdle(SchedulerBed.B, memory: 3000);
        bed.Handle(Arrive(new RunnerDemand(12_000, null) { LeastBytes = 8000, MeasuredLoads = 1 }));
        Assert.Equal(10_000, bed.Status(SchedulerBed.A).MemoryBytes);
        return bed;
    }

    private static RequestArrived Arrive(RunnerDemand demand) => new(new RequestId(900), SchedulerBed.A, demand);
}
