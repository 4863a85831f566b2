using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

/// <summary>Models that should be loaded without a request and cannot be.</summary>
public class ResidentBlockedTests
{
    private static readonly Resident Large = new(A, new RunnerDemand(200L << 20, null));

    private readonly SchedulerBed _bed = new(new SchedulerSettings { MaxRunners = 2, MemoryBudgetBytes = 100L << 20 });

    [Fact]
    public void One_that_needs_more_than_there_is_is_reported_once_with_the_numbers()
    {
        ResidentBlocked blocked = Report(new ResidentsChanged([Large]))!;

        Assert.Equal((A, RefusalReason.OutOfMemory), (blocked.Key, blocked.Reason));
        Assert.StartsWith("model \"a\" needs about 200 MiB, and the limit for all models together is 100 MiB; use a smaller model", blocked.Message, StringComparison.Ordinal);
        Assert.Equal(100L << 20, blocked.Limits!.Bytes);
        Assert.True(_bed.HasResidentProblem(A));
        Assert.Null(Report(new TimePassed()));
        _bed.LoadIdle(B);
        Assert.Null(Find());
        Assert.Null(Report(new ResidentsChanged([Large with { IsUnchanged = true }]) { KeepsUnloaded = true }));
    }

    [Fact]
    public void A_reload_reports_it_again()
    {
        Report(new ResidentsChanged([Large]));

        Assert.NotNull(Report(new ResidentsChanged([Large])));
    }

    [Fact]
    public void Other_numbers_are_reported_and_enough_memory_starts_it()
    {
        Report(new ResidentsChanged([Large]));

        Assert.Contains("together is 150 MiB", Report(new MemoryMeasured(150L << 20))!.Message, StringComparison.Ordinal);
        _bed.Handle(new MemoryMeasured(250L << 20));

        Assert.Equal(A, Assert.Single(_bed.Effects.OfType<StartRunner>()).Key);
        Assert.Null(Find());
        Assert.False(_bed.HasResidentProblem(A));
    }

    [Fact]
    public void One_behind_pinned_models_is_reported_until_they_are_unloaded()
    {
        RunnerId pinned = _bed.LoadIdle(B, TimeSpan.FromSeconds(-1), memory: 60L << 20);

        ResidentBlocked blocked = Report(new ResidentsChanged([Large with { Demand = new RunnerDemand(50L << 20, null) }]))!;

        Assert.Contains("models with an unlimited keep-alive use 60 of 100 MiB", blocked.Message, StringComparison.Ordinal);
        _bed.Unload("b");
        Assert.False(_bed.HasResidentProblem(A));
        _bed.Exit(pinned);
        Assert.Equal(A, Assert.Single(_bed.Effects.OfType<StartRunner>()).Key);
    }

    [Fact]
    public void One_that_waits_for_others_to_leave_is_not_reported()
    {
        _bed.LoadIdle(B, memory: 60L << 20);

        Assert.Null(Report(new ResidentsChanged([Large with { Demand = new RunnerDemand(50L << 20, null) }])));
        Assert.False(_bed.HasResidentProblem(A));
    }

    [Fact]
    public void One_that_is_no_resident_any_more_is_forgotten()
    {
        Report(new ResidentsChanged([Large]));

        _bed.Handle(new ResidentsChanged([]) { KeepsUnloaded = true });

        Assert.False(_bed.HasResidentProblem(A));
    }

    private ResidentBlocked? Report(SchedulerEvent happened)
    {
        _bed.Handle(happened);
        return Find();
    }

    private ResidentBlocked? Find() => _bed.Explained.OfType<ResidentBlocked>().SingleOrDefault();
}
