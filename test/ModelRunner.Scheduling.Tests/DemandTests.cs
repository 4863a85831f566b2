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

    private static RequestArrived Arrive(RunnerDemand demand) => new(new RequestId(900), SchedulerBed.A, demand);
}
