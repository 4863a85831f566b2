using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

/// <summary>Requests for loaded models come before a swap, within limits.</summary>
public class CollationTests
{
    private readonly SchedulerBed _one = new(new SchedulerSettings { MaxRunners = 1, SwapDelay = Seconds(5), SwapRequests = 3, MinStay = Seconds(30) });

    [Fact]
    public void A_model_in_use_accepts_requests_until_the_delay_has_passed()
    {
        (_, RequestId first) = _one.LoadFor(A, Seconds(0));
        _one.Ask(B);
        _one.Pass(Seconds(4.9));
        (RunnerId runner, RequestId second) = _one.Send(A);
        _one.Pass(Seconds(0.1));
        _one.Ask(A);
        Assert.Empty(_one.Effects);
        _one.Complete(first);
        _one.Complete(second);
        Assert.Equal([new StopRunner(runner, StopReason.Evicted)], _one.Effects);
    }

    [Fact]
    public void It_accepts_only_so_many_requests_in_that_time()
    {
        _one.LoadFor(A, Seconds(0));
        _one.Send(A);
        _one.Ask(B);
        for (int i = 0; i < 3; i++)
        {
            _one.Ask(A);
            Assert.Single(_one.Effects.OfType<Admit>());
        }

        _one.Ask(A);
        Assert.Empty(_one.Effects);
    }

    [Fact]
    public void A_model_that_was_just_loaded_stays_as_long_as_its_load_took_if_a_model_is_in_use()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxRunners = 2, SwapDelay = Seconds(1), MinStay = Seconds(30) });
        bed.Load(A, TimeSpan.FromTicks(-1));
        (RunnerId b, RequestId request) = bed.LoadFor(B, Seconds(8));
        bed.Complete(request);
        bed.Ask(C);
        Assert.Contains(bed.Explained, static effect => effect is DelayStart { Cause: DelayCause.Staying });
        Assert.Empty(bed.Pass(Seconds(7.9)).OfType<StopRunner>());
        Assert.Equal([new StopRunner(b, StopReason.Evicted)], bed.Pass(Seconds(0.1)));
    }

    [Fact]
    public void The_stay_has_a_limit()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxRunners = 2, SwapDelay = Seconds(1), MinStay = Seconds(3) });
        bed.Load(A, TimeSpan.FromTicks(-1));
        (RunnerId b, RequestId request) = bed.LoadFor(B, Seconds(8));
        bed.Complete(request);
        bed.Ask(C);
        Assert.Equal([new StopRunner(b, StopReason.Evicted)], bed.Pass(Seconds(3)));
    }

    [Fact]
    public void An_idle_model_leaves_after_a_quarter_of_its_load_time_if_no_model_is_in_use()
    {
        (RunnerId a, RequestId request) = _one.LoadFor(A, Seconds(8));
        _one.Complete(request);
        _one.Ask(B);
        Assert.Empty(_one.Pass(Seconds(1.9)).OfType<StopRunner>());
        Assert.Equal([new StopRunner(a, StopReason.Evicted)], _one.Pass(Seconds(0.1)));
    }

    [Fact]
    public void A_model_in_use_accepts_requests_for_twice_its_load_if_that_is_longer()
    {
        (_, RequestId first) = _one.LoadFor(A, Seconds(8));
        _one.Ask(B);
        _one.Pass(Seconds(15.9));
        (_, RequestId second) = _one.Send(A);
        _one.Pass(Seconds(0.1));
        _one.Ask(A);
        Assert.Empty(_one.Effects);
        _one.Complete(first);
        Assert.Empty(_one.Effects);
        _one.Complete(second);
        Assert.Single(_one.Effects.OfType<StopRunner>());
    }

    // The clients of the model that is loading wait for it. When it is loaded, they may need the other one next.
    [Fact]
    public void The_time_of_a_load_does_not_count_as_one_in_which_an_idle_model_was_not_used()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxRunners = 2, SwapDelay = Seconds(5), MinStay = Seconds(30) });
        (RunnerId a, RequestId request) = bed.LoadFor(A, Seconds(8));
        bed.Complete(request);
        bed.LoadFor(B, Seconds(8));
        bed.Ask(C);
        Assert.Empty(bed.Pass(Seconds(4.9)).OfType<StopRunner>());
        Assert.Equal([new StopRunner(a, StopReason.Evicted)], bed.Pass(Seconds(0.1)));
    }

    [Fact]
    public void An_idle_model_that_was_not_used_for_a_while_leaves_at_once()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxRunners = 2, SwapDelay = Seconds(5), MinStay = Seconds(30) });
        (RunnerId a, RequestId request) = bed.LoadFor(A, Seconds(8));
        bed.Complete(request);
        bed.Load(B);
        bed.Pass(Seconds(8));
        bed.Ask(C);
        Assert.Equal([new StopRunner(a, StopReason.Evicted)], bed.Effects);
    }

    [Fact]
    public void The_model_that_loads_faster_leaves_first()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxRunners = 2 });
        (_, RequestId slow) = bed.LoadFor(A, Seconds(40));
        bed.Complete(slow);
        bed.Pass(Seconds(10));
        RunnerId fast = bed.LoadIdle(B);
        bed.Pass(Seconds(29));
        bed.Ask(C);
        Assert.Equal([new StopRunner(fast, StopReason.Evicted)], bed.Effects);
    }

    [Fact]
    public void Without_the_three_settings_the_order_is_that_of_arrival()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxRunners = 1, SwapDelay = default, SwapRequests = 0, MinStay = default });
        (RunnerId a, RequestId request) = bed.LoadFor(A, Seconds(8));
        bed.Ask(B);
        bed.Ask(A);
        Assert.Empty(bed.Effects);
        bed.Complete(request);
        Assert.Equal([new StopRunner(a, StopReason.Evicted)], bed.Effects);
    }
}
