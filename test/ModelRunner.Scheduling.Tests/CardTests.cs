using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

/// <summary>Decisions about the memory of graphics cards.</summary>
public class CardTests
{
    private readonly SchedulerBed _bed = new();

    public CardTests() => Measure(100, 100);

    [Fact]
    public void Only_the_runner_on_the_card_that_is_too_full_is_evicted()
    {
        LoadIdle(A, On("g0", 60));
        _bed.Pass(Seconds(1));
        RunnerId b = LoadIdle(B, On("g1", 60));
        _bed.Pass(Seconds(1));
        Ask(C, On("g1", 50));

        Assert.Equal([new StopRunner(b, StopReason.Evicted)], _bed.Effects);
        _bed.Exit(b);
        Assert.Equal(C, Assert.Single(_bed.Effects.OfType<StartRunner>()).Key);
    }

    [Fact]
    public void Main_memory_and_all_cards_must_fit()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MemoryBudgetBytes = 100 });
        bed.Handle(new CardsMeasured(Budgets(100, 100)));
        RunnerId a = Load(bed, A, new RunnerDemand(60, null) { Cards = On("g0", 10) });
        bed.Pass(Seconds(1));
        RunnerId b = Load(bed, B, new RunnerDemand(10, null) { Cards = On("g1", 90) });
        bed.Pass(Seconds(1));
        Load(bed, Key("d"), new RunnerDemand(10, null));
        Ask(bed, C, new RunnerDemand(50, null) { Cards = On("g1", 20) });
        Assert.Equal([new StopRunner(a, StopReason.Evicted), new StopRunner(b, StopReason.Evicted)], bed.Effects);
    }

    [Fact]
    public void A_shared_part_follows_what_is_free()
    {
        LoadIdle(A, On("g0", 60));
        Ask(B, new CardDemand { Cards = ["g0", "g1"], SharedBytes = 70, EachBytes = 5 });

        CapacityReading reading = Assert.Single(_bed.Explained.OfType<StartRunner>()).Capacity!;
        // Beside 60 of 100 and 5 for itself, 35 and 95 are free.
        Assert.Equal([new CardReading("g0", 19 + 5, 60, 100), new CardReading("g1", 51 + 5, 0, 100)], reading.Cards);
    }

    [Fact]
    public void A_model_that_can_never_fit_on_the_cards_is_refused_with_the_numbers()
    {
        _bed.Handle(new CardsMeasured(Budgets(8L << 30, 6L << 30)));
        Ask(A, new CardDemand { Cards = ["g0", "g1"], SharedBytes = 15L << 30 });
        Refuse refusal = _bed.Refusal();
        Assert.Equal((RefusalReason.OutOfMemory, null), (refusal.Reason, refusal.RetryAfter));
        Assert.Contains("needs about 15360 MiB on graphics cards, and the limit for all models together is 8192 MiB on g0 and 6144 MiB on g1",
            refusal.Message, StringComparison.Ordinal);
        Assert.Equal(6L << 30, refusal.Limits!.Cards["g1"]);
    }

    [Fact]
    public void What_pinned_runners_hold_on_a_card_is_named_where_it_is_too_much()
    {
        _bed.Handle(new CardsMeasured(Budgets(100L << 20, 100L << 20)));
        Load(_bed, A, new RunnerDemand(0, TimeSpan.FromTicks(-1)) { Cards = On("g0", 60L << 20) });
        Ask(B, On("g0", 50L << 20));
        Assert.Contains("use 60 of 100 MiB on g0; unload one of them", _bed.Refusal().Message, StringComparison.Ordinal);
        Assert.Equal((40L << 20, 100L << 20), (_bed.Refusal().Limits!.Cards["g0"], _bed.Refusal().Limits!.AloneCards["g0"]));
    }

    [Fact]
    public void An_engine_that_adapts_waits_for_the_cards_if_its_model_fits_on_them()
    {
        RunnerId a = LoadIdle(A, On("g0", 80));
        RunnerId b = LoadIdle(B, On("g1", 80));
        Ask(C, Adapting(150));
        Assert.Equal([new StopRunner(a, StopReason.Evicted), new StopRunner(b, StopReason.Evicted)], _bed.Effects);
        _bed.Exit(a);
        Assert.Empty(_bed.Effects);
        _bed.Exit(b);
        CapacityReading reading = Start().Capacity!;
        Assert.Equal((0, 150), (reading.SpilledBytes, reading.Cards.Sum(static card => card.NeededBytes)));
    }

    [Fact]
    public void An_engine_that_adapts_gets_the_free_part_and_stops_nobody_if_its_model_never_fits()
    {
        LoadIdle(A, On("g0", 80));
        Ask(C, Adapting(250));
        CapacityReading reading = Start().Capacity!;
        Assert.Equal([new CardReading("g0", 10, 80, 100), new CardReading("g1", 90, 0, 100)], reading.Cards);
        Assert.Equal((150, 150), (reading.SpilledBytes, reading.NeededBytes));
        Assert.Equal(150, _bed.Status(C).MemoryBytes);
        Assert.Empty(_bed.Effects.OfType<StopRunner>());
    }

    [Fact]
    public void What_does_not_fit_on_the_cards_must_fit_into_main_memory()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MemoryBudgetBytes = 100L << 20 });
        bed.Handle(new CardsMeasured(Budgets(100L << 20, 100L << 20)));
        Ask(bed, A, new RunnerDemand(10L << 20, null) { Cards = Adapting(350L << 20) with { Margin = 10L << 20 } });
        Assert.Contains("needs about 180 MiB, and the limit for all models together is 100 MiB", bed.Refusal().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_busy_runner_that_does_not_use_the_card_does_not_yield()
    {
        Load(_bed, A, new RunnerDemand(0, null), completes: false);
        RunnerId b = Load(_bed, B, new RunnerDemand(0, null) { Cards = On("g0", 60) }, completes: false);
        Ask(C, On("g0", 60));
        _bed.Pass(Seconds(40));
        RequestId first = _bed.Ask(A);
        Assert.Contains(_bed.Effects, effect => effect is Admit admit && admit.Request == first);
        Assert.Equal(b, Assert.Single(_bed.Runners, static runner => runner.Key == B).Id);
    }

    [Fact]
    public void A_busy_runner_yields_the_main_memory_that_another_model_needs_because_the_cards_are_too_small()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MemoryBudgetBytes = 100, SwapDelay = TimeSpan.Zero, MinStay = TimeSpan.Zero });
        bed.Handle(new CardsMeasured(Budgets(100, 100)));
        Load(bed, A, new RunnerDemand(60, null), completes: false);
        Ask(bed, C, new RunnerDemand(10, null) { Cards = Adapting(250) });
        RequestId next = bed.Ask(A);
        Assert.DoesNotContain(bed.Effects, effect => effect is Admit admit && admit.Request == next);
    }

    [Fact]
    public void One_measurement_alone_refuses_nothing_on_certain_cards_too()
    {
        var demand = new CardDemand { Cards = [], Fixed = On("g0", 150).Fixed, LeastFixed = On("g0", 70).Fixed };
        Assert.True(demand.FitsWithin(Budgets(100, 100)));
        Assert.False(demand.FitsWithin(Budgets(60, 100)));
        Assert.False((demand with { LeastFixed = null }).FitsWithin(Budgets(100, 100)));
    }

    [Fact]
    public void One_measurement_alone_refuses_nothing()
    {
        Ask(A, new CardDemand { Cards = ["g0"], SharedBytes = 150, LeastBytes = 70 });
        Assert.Equal([new CardReading("g0", 100, 0, 100)], Start().Capacity!.Cards);
    }

    [Fact]
    public void Cards_whose_memory_is_unknown_limit_nothing_and_a_reload_keeps_what_was_measured()
    {
        _bed.Handle(new CardsMeasured(null));
        LoadIdle(A, On("g0", 1L << 50));
        Measure(100, 100);
        _bed.Handle(new ConfigurationChanged(new SchedulerSettings()));
        Ask(B, On("g1", 101));
        Assert.Equal(RefusalReason.OutOfMemory, _bed.Refusal().Reason);
    }

    private static CardDemand On(string card, long bytes) => new() { Cards = [], Fixed = [new CardShare(card, bytes)] };

    private static CardDemand Adapting(long bytes) => new() { Cards = ["g0", "g1"], SharedBytes = bytes, Margin = 10 };

    private static Dictionary<string, long> Budgets(long first, long second) => new(StringComparer.Ordinal) { ["g0"] = first, ["g1"] = second };

    private static void Ask(SchedulerBed bed, RunnerKey key, RunnerDemand demand) =>
        bed.Handle(new RequestArrived(new RequestId(1000 + bed.Runners.Count), key, demand));

    private static RunnerId Load(SchedulerBed bed, RunnerKey key, RunnerDemand demand, bool completes = true)
    {
        var id = new RequestId(2000 + bed.Runners.Count);
        bed.Handle(new RequestArrived(id, key, demand));
        RunnerId runner = bed.Started();
        bed.Ready(runner);
        if (completes)
            bed.Complete(id);
        return runner;
    }

    private void Measure(long first, long second) => _bed.Handle(new CardsMeasured(Budgets(first, second)));

    private void Ask(RunnerKey key, CardDemand cards) => Ask(_bed, key, new RunnerDemand(0, null) { Cards = cards });

    private RunnerId LoadIdle(RunnerKey key, CardDemand cards) => Load(_bed, key, new RunnerDemand(0, null) { Cards = cards });

    private StartRunner Start() => Assert.Single(_bed.Explained.OfType<StartRunner>());
}
