using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

/// <summary>Background requests yield to interactive ones for a limited time, and limits of requests per model.</summary>
public class PriorityTests
{
    private readonly SchedulerBed _one = new(new SchedulerSettings { MaxRunners = 1, BackgroundDelay = Seconds(60) });

    [Theory]
    [InlineData(59, "c")]
    [InlineData(61, "b")]
    public void A_later_interactive_request_goes_first_only_for_a_while(int seconds, string first)
    {
        (RunnerId a, RequestId request) = _one.Load(A);
        _one.Ask(B, RequestPriority.Background);
        _one.Pass(Seconds(seconds));
        _one.Ask(C);
        _one.Complete(request);
        if (_one.Status(A).State == RunnerState.Ready)
            _one.Pass(Seconds(5));
        _one.Exit(a);
        Assert.Equal(first, Assert.Single(_one.Effects.OfType<StartRunner>()).Key.Model);
    }

    [Fact]
    public void A_background_model_is_evicted_before_an_interactive_one_that_is_idle_longer()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxRunners = 2 });
        bed.LoadIdle(A);
        bed.Pass(Seconds(10));
        RequestId request = bed.Ask(B, RequestPriority.Background);
        RunnerId b = bed.Started();
        bed.Ready(b);
        bed.Complete(request);
        bed.Ask(C);
        Assert.Equal([new StopRunner(b, StopReason.Evicted)], bed.Effects);
    }

    [Fact]
    public void A_background_model_accepts_no_more_requests_as_soon_as_an_interactive_one_waits()
    {
        RequestId request = _one.Ask(A, RequestPriority.Background);
        RunnerId a = _one.Started();
        _one.Pass(Seconds(20));
        _one.Ready(a);
        _one.Ask(B);
        Assert.Contains(new CheckRunner(a), _one.Effects);
        _one.Ask(A, RequestPriority.Background);
        Assert.Empty(_one.Effects);
        _one.Complete(request);
        Assert.Equal([new StopRunner(a, StopReason.Evicted)], _one.Effects);
    }

    [Fact]
    public void An_interactive_request_takes_the_place_of_the_last_background_request_in_a_full_queue()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxRunners = 1, MaxQueuedRequests = 2 });
        bed.Load(A);
        bed.Ask(B, RequestPriority.Background);
        RequestId last = bed.Ask(C, RequestPriority.Background);
        bed.Ask(Key("d"));
        Assert.Equal((last, RefusalReason.QueueFull), (bed.Refusal().Request, bed.Refusal().Reason));
        Assert.Contains("background", bed.Refusal().Message, StringComparison.Ordinal);
        bed.Ask(Key("d"));
        bed.Refusal();
        RequestId refused = bed.Ask(Key("d"));
        Assert.Equal(refused, bed.Refusal().Request);
    }

    [Fact]
    public void Requests_above_the_limit_of_a_model_wait_and_interactive_ones_go_first()
    {
        RequestId first = _one.Ask(A, RequestPriority.Interactive, concurrency: 1);
        RunnerId a = _one.Started();
        _one.Ready(a);
        RequestId background = _one.Ask(A, RequestPriority.Background, concurrency: 1);
        RequestId interactive = _one.Ask(A, RequestPriority.Interactive, concurrency: 1);
        Assert.Equal((1, 2, 1), (_one.Status(A).InFlight, _one.Status(A).Queued, _one.Status(A).Concurrency));
        _one.Complete(first);
        Assert.Equal([new Admit(interactive, a)], _one.Effects);
        _one.Complete(interactive);
        Assert.Equal([new Admit(background, a)], _one.Effects);
    }

    [Fact]
    public void A_request_behind_the_limit_is_refused_in_time_with_the_limit()
    {
        _one.Ask(A, RequestPriority.Interactive, concurrency: 1);
        _one.Ready(_one.Started());
        RequestId second = _one.Ask(A, RequestPriority.Interactive, concurrency: 1);
        _one.Pass(TimeSpan.FromMinutes(5));
        Assert.Equal((second, RefusalReason.QueueTimeout), (_one.Refusal().Request, _one.Refusal().Reason));
        Assert.Contains(
            $"model \"{A.Model}\" answers 1 request at a time (concurrency of the model), and none ended", _one.Refusal().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_serves_its_older_requests_before_it_makes_room()
    {
        RequestId first = _one.Ask(A, RequestPriority.Interactive, concurrency: 1);
        RunnerId a = _one.Started();
        _one.Ready(a);
        RequestId older = _one.Ask(A, RequestPriority.Interactive, concurrency: 1);
        _one.Pass(Seconds(1));
        _one.Ask(B);
        _one.Pass(Seconds(10));
        _one.Complete(first);
        Assert.Contains(new Admit(older, a), _one.Effects);
        _one.Complete(older);
        Assert.Equal([new StopRunner(a, StopReason.Evicted)], _one.Effects);
    }

    [Fact]
    public void A_reload_changes_the_limit_at_once()
    {
        _one.Ask(A, RequestPriority.Interactive, concurrency: 1);
        RunnerId a = _one.Started();
        _one.Ready(a);
        RequestId second = _one.Ask(A, RequestPriority.Interactive, concurrency: 1);
        _one.Handle(new ConfigurationChanged(new SchedulerSettings { MaxRunners = 1 }) { Concurrency = new Dictionary<string, int> { ["a"] = 2 } });
        Assert.Equal([new Admit(second, a)], _one.Effects);
    }
}
