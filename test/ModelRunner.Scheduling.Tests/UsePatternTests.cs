using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

/// <summary>What is learned from requests, and what it decides.</summary>
public class UsePatternTests
{
    private readonly UsePattern _pattern = new();
    private TimeSpan _now;

    [Fact]
    public void The_model_that_comes_next_is_needed_most()
    {
        Use(0.5, A, B, C, A, B, C, A, B, C, A, B, C);
        Assert.InRange(_pattern.NeedOf(A, [], _now), 1, 1);
        Assert.InRange(_pattern.NeedOf(B, [], _now), 0.5, 0.5);
        Assert.InRange(_pattern.NeedOf(C, [], _now), 0.25, 0.25);
    }

    [Fact]
    public void Clients_that_wait_need_what_follows_the_model_that_they_wait_for()
    {
        Use(0.5, A, B, C, A, B, C, A, B, C, A, B, C);
        _pattern.Arrive(A, _now);
        Assert.InRange(_pattern.NeedOf(B, [(A, 2), (C, 1)], _now), 2.5, 2.5);
        Assert.InRange(_pattern.NeedOf(C, [(A, 2), (C, 1)], _now), 1.25, 1.25);
    }

    [Fact]
    public void A_few_requests_say_nothing()
    {
        Use(0.5, A, B, C, A, B, C, A, B);
        Assert.InRange(_pattern.NeedOf(C, [], _now), 0, 0);
        Assert.Null(_pattern.AwaitedUntil(Seconds(10)));
        Use(0.5, C);
        Assert.InRange(_pattern.NeedOf(A, [], _now), 1, 1);
    }

    [Fact]
    public void A_client_that_stays_away_for_ten_usual_pauses_needs_nothing()
    {
        Use(0.5, A, B, C, A, B, C, A, B, C, A, B, C);
        Assert.InRange(_pattern.NeedOf(A, [], _now + Seconds(5)), 1, 1);
        Assert.InRange(_pattern.NeedOf(A, [], _now + Seconds(5.1)), 0, 0);
    }

    [Fact]
    public void What_was_long_ago_is_forgotten()
    {
        for (int i = 0; i < 30; i++)
            Use(0.5, A, B, C);
        for (int i = 0; i < 33; i++)
            Use(0.5, C, B);
        Assert.InRange(_pattern.NeedOf(A, [], _now), 0, 0.001);
        Assert.InRange(_pattern.NeedOf(C, [], _now), 1, 1);
    }

    [Fact]
    public void A_client_is_awaited_if_it_usually_returns_within_half_of_a_load()
    {
        Use(0.5, A, B, C, A, B, C, A, B, C, A, B, C);
        Assert.Equal(_now + Seconds(5), _pattern.AwaitedUntil(Seconds(20)));
        Assert.Equal(_now + Seconds(2), _pattern.AwaitedUntil(Seconds(2)));
        Assert.Null(_pattern.AwaitedUntil(Seconds(0.9)));
        _pattern.Arrive(A, _now);
        Assert.Equal(TimeSpan.MinValue, _pattern.AwaitedUntil(Seconds(20)));
    }

    // One of two clients asks for another model. The other one will be back before a load is over.
    [Fact]
    public void A_swap_waits_for_a_client_that_usually_returns_soon()
    {
        SchedulerBed bed = BedWithClientThatReturns();
        (_, RequestId one) = bed.Send(A);
        (_, RequestId other) = bed.Send(A);
        bed.Complete(one);
        bed.Complete(other);
        bed.Ask(B);
        Assert.Empty(bed.Pass(Seconds(6.9)).OfType<StopRunner>());
        Assert.Single(bed.Pass(Seconds(0.1)).OfType<StopRunner>());
    }

    // It is the client that was awaited, so nobody is left who could need the other model.
    [Fact]
    public void A_swap_for_a_single_client_waits_for_nothing()
    {
        SchedulerBed bed = BedWithClientThatReturns();
        bed.Ask(B);
        Assert.Single(bed.Effects.OfType<StopRunner>());
    }

    // A client uses a model that took 20 s to load, and pauses for 0.7 s after each request.
    private static SchedulerBed BedWithClientThatReturns()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxRunners = 1, SwapDelay = Seconds(60) });
        bed.Complete(bed.LoadFor(A, Seconds(20)).Request);
        for (int i = 0; i < 8; i++)
        {
            bed.Pass(Seconds(0.7));
            bed.Complete(bed.Send(A).Request);
        }

        return bed;
    }

    private void Use(double pause, params RunnerKey[] models)
    {
        foreach (RunnerKey model in models)
        {
            _now += Seconds(pause);
            _pattern.Arrive(model, _now);
            _pattern.End(model, _now);
        }
    }
}
