using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

public class RoomTests
{
    private static readonly TimeSpan Forever = TimeSpan.FromTicks(-1);

    private readonly SchedulerBed _one = new(new SchedulerSettings { MaxRunners = 1 });

    [Fact]
    public void MEM_07_the_idle_runner_is_evicted_and_the_next_starts_after_its_exit()
    {
        RunnerId a = _one.LoadIdle(A);
        RequestId request = _one.Ask(B);
        Assert.Equal([new StopRunner(a, StopReason.Evicted)], _one.Effects);
        Assert.Equal(RunnerState.Waiting, _one.Status(B).State);
        _one.Exit(a);
        RunnerId b = _one.Started();
        _one.Ready(b);
        Assert.Equal([new Admit(request, b)], _one.Effects);
    }

    [Fact]
    public void SRV_07_a_request_for_another_model_waits_until_the_response_is_complete()
    {
        (RunnerId a, RequestId stream) = _one.Load(A);
        _one.Ask(B);
        Assert.Empty(_one.Effects);
        Assert.Equal(1, _one.Status(B).Queued);
        Assert.Empty(_one.Pass(Seconds(60)).OfType<StopRunner>());
        _one.Complete(stream);
        Assert.Equal([new StopRunner(a, StopReason.Evicted)], _one.Effects);
    }

    [Fact]
    public void The_one_idle_for_longest_goes_and_a_pinned_one_never()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxRunners = 3 });
        bed.LoadIdle(Key("pinned"), Forever);
        bed.Pass(Seconds(1));
        bed.LoadIdle(A);
        bed.Pass(Seconds(1));
        RunnerId b = bed.LoadIdle(B);
        bed.Pass(Seconds(1));
        bed.Complete(bed.Ask(A));
        bed.Ask(C);
        Assert.Equal([new StopRunner(b, StopReason.Evicted)], bed.Effects);
    }

    [Fact]
    public void Measured_memory_limits_starts_and_stops_no_runner()
    {
        var bed = new SchedulerBed();
        bed.Handle(new MemoryMeasured(100));
        RunnerId a = bed.LoadIdle(A, memory: 60);
        bed.Handle(new MemoryMeasured(10));
        Assert.Empty(bed.Effects);
        bed.Ask(B, memory: 50);
        Assert.Equal(RefusalReason.OutOfMemory, bed.Refusal().Reason);
        bed.Handle(new MemoryMeasured(100));
        bed.Ask(B, memory: 50);
        Assert.Equal([new StopRunner(a, StopReason.Evicted)], bed.Effects);
        bed.Handle(new MemoryMeasured(105));
        Assert.Empty(bed.Effects);
        bed.Exit(a);
        bed.Started();
        bed.Handle(new MemoryMeasured(null));
        bed.Ask(C, memory: 1L << 40);
        bed.Started();
    }

    [Fact]
    public void A_request_is_refused_at_once_if_pinned_runners_use_the_whole_capacity()
    {
        _one.LoadIdle(A, Forever);
        _one.Ask(B);
        Assert.Equal(RefusalReason.NoCapacity, _one.Refusal().Reason);
        Assert.Contains("limits.maxRunners", _one.Refusal().Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_one.Runners, static runner => runner.Key == B);
    }

    [Fact]
    public void A_model_that_can_never_fit_is_refused_with_both_figures()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MemoryBudgetBytes = 100 << 20 });
        bed.Ask(A, memory: 101 << 20);
        Assert.Equal((RefusalReason.OutOfMemory, null), (bed.Refusal().Reason, bed.Refusal().RetryAfter));
        Assert.Contains("101 MiB", bed.Refusal().Message, StringComparison.Ordinal);
        Assert.Contains("100 MiB", bed.Refusal().Message, StringComparison.Ordinal);
        Assert.Empty(bed.Runners);
    }

    [Fact]
    public void What_pinned_runners_hold_is_named_where_it_is_too_much()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MemoryBudgetBytes = 100 << 20 });
        bed.LoadIdle(A, Forever, memory: 60 << 20);
        bed.Ask(B, memory: 50 << 20);
        Assert.Equal(RefusalReason.OutOfMemory, bed.Refusal().Reason);
        Assert.Contains("60 of 100 MiB", bed.Refusal().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void As_many_idle_runners_go_as_the_memory_asks_for()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MemoryBudgetBytes = 100 });
        RunnerId a = bed.LoadIdle(A, memory: 30);
        bed.Pass(Seconds(1));
        RunnerId b = bed.LoadIdle(B, memory: 30);
        bed.Pass(Seconds(1));
        bed.LoadIdle(C, memory: 30);
        bed.Ask(Key("d"), memory: 70);
        Assert.Equal([new StopRunner(a, StopReason.Evicted), new StopRunner(b, StopReason.Evicted)], bed.Effects);
        bed.Exit(a);
        Assert.Empty(bed.Effects);
        bed.Exit(b);
        bed.Started();
    }

    [Fact]
    public void A_start_names_the_runners_that_were_stopped_for_it()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MemoryBudgetBytes = 100 });
        RunnerId a = bed.LoadIdle(A, memory: 30);
        bed.Pass(Seconds(1));
        RunnerId b = bed.LoadIdle(B, memory: 30);
        RequestId request = bed.Ask(C, memory: 90);
        bed.Exit(a);
        bed.Exit(b);
        StartRunner start = Assert.Single(bed.Effects.OfType<StartRunner>());
        Assert.Equal([A, B], start.Evicted);

        bed.Ready(start.Runner);
        bed.Complete(request);
        bed.Unload();
        bed.Exit(start.Runner);
        bed.Ask(C, memory: 90);
        Assert.Empty(Assert.Single(bed.Effects.OfType<StartRunner>()).Evicted);
    }

    [Fact]
    public void A_start_does_not_name_what_was_stopped_for_a_request_that_has_left()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MemoryBudgetBytes = 100 });
        bed.Ask(C, memory: 90);
        bed.Exit(bed.Started(), "it crashed");
        bed.Pass(Seconds(20));
        RunnerId a = bed.LoadIdle(A, memory: 30);
        RequestId left = bed.Ask(C, memory: 90);
        Assert.Equal([new StopRunner(a, StopReason.Evicted)], bed.Effects);
        bed.Handle(new ClientDisconnected(left));
        bed.Exit(a);
        bed.Ask(C, memory: 90);

        Assert.Empty(Assert.Single(bed.Effects.OfType<StartRunner>()).Evicted);
    }

    [Fact]
    public void A_start_names_the_busy_runner_that_yielded_to_it()
    {
        (RunnerId a, RequestId request) = _one.Load(A);
        _one.Ask(B);
        _one.Pass(Seconds(40));
        _one.Complete(request);
        _one.Exit(a);
        Assert.Equal([A], Assert.Single(_one.Effects.OfType<StartRunner>()).Evicted);
    }

    [Fact]
    public void Estimates_beyond_all_bounds_do_not_overflow()
    {
        var bed = new SchedulerBed();
        bed.LoadIdle(A, memory: long.MaxValue);
        bed.LoadIdle(B, memory: long.MaxValue);
        Assert.Equal(2, bed.Runners.Count);
    }

    [Fact]
    public void A_waiting_request_is_refused_after_the_longest_wait()
    {
        _one.Load(A);
        _one.Ask(B);
        Assert.Empty(_one.Pass(TimeSpan.FromMinutes(5) - Seconds(1)).OfType<Refuse>());
        _one.Pass(Seconds(1));
        Assert.Equal(RefusalReason.QueueTimeout, _one.Refusal().Reason);
        Assert.Contains("300 s", _one.Refusal().Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_one.Runners, static runner => runner.Key == B);
    }

    [Fact]
    public void SRV_09_a_load_may_take_longer_than_the_wait_for_capacity()
    {
        RequestId request = _one.Ask(A);
        RunnerId runner = _one.Started();
        Assert.Empty(_one.Pass(TimeSpan.FromMinutes(9)));
        _one.Ready(runner);
        Assert.Equal([new Admit(request, runner)], _one.Effects);
    }

    [Fact]
    public void A_runner_that_is_never_idle_yields_to_a_waiting_model_and_is_loaded_again()
    {
        (RunnerId a, RequestId running) = _one.Load(A);
        RequestId waiting = _one.Ask(B);
        for (int i = 0; i < 8; i++)
        {
            RequestId next = _one.Ask(A);
            _one.Complete(running);
            running = next;
            if (_one.Effects.OfType<StopRunner>().Any())
                break;
            _one.Pass(Seconds(1));
        }

        // After the delay a new request for it waited, so that it became idle.
        Assert.Equal(RunnerState.Stopping, _one.Status(A).State);
        _one.Exit(a);
        RunnerId b = _one.Started();
        _one.Ready(b);
        Assert.Equal([new Admit(waiting, b)], _one.Effects);
        _one.Complete(waiting);
        Assert.Equal([new StopRunner(b, StopReason.Evicted)], _one.Effects);
        _one.Exit(b);
        _one.Ready(_one.Started());
        Assert.Contains(_one.Effects, effect => effect is Admit admit && admit.Request == running);
    }

    [Fact]
    public void A_runner_stops_yielding_when_no_request_waits_for_its_capacity()
    {
        (RunnerId a, _) = _one.Load(A);
        RequestId waiting = _one.Ask(B);
        _one.Pass(Seconds(10));
        RequestId held = _one.Ask(A);
        Assert.Empty(_one.Effects);
        _one.Handle(new ClientDisconnected(waiting));
        Assert.Equal([new Admit(held, a)], _one.Effects);
    }

    [Fact]
    public void A_stream_without_end_keeps_the_loaded_model_for_all_who_ask_for_it()
    {
        (RunnerId a, _) = _one.Load(A);
        _one.Ask(B);
        int served = 0;
        for (int second = 0; second < 1200; second++)
        {
            RequestId request = _one.Ask(A);
            List<SchedulerEffect> effects = [.. _one.Effects, .. _one.Pass(Seconds(1))];
            Assert.DoesNotContain(effects, effect => effect is Refuse refuse && refuse.Request == request);
            foreach (Admit admit in effects.OfType<Admit>())
            {
                Assert.Equal(a, admit.Runner);
                _one.Complete(admit.Request);
                served++;
            }

            if (second % 60 == 0)
                _one.Ask(B);
        }

        Assert.Equal(1200, served);
        Assert.Equal(RunnerState.Ready, _one.Status(A).State);
    }

    [Fact]
    public void After_the_response_that_outlasted_a_yield_the_waiting_model_starts()
    {
        (RunnerId a, RequestId stream) = _one.Load(A);
        RequestId waiting = _one.Ask(B);
        _one.Pass(Seconds(40));
        _one.Handle(new RunnerResponded(a));
        RequestId beside = _one.Ask(A);
        Assert.Equal([new Admit(beside, a)], _one.Effects);
        _one.Complete(stream);
        Assert.Contains(new CheckRunner(a), _one.Effects);
        _one.Ask(A);
        Assert.Empty(_one.Effects);
        _one.Complete(beside);
        Assert.Equal([new StopRunner(a, StopReason.Evicted)], _one.Effects);
        _one.Exit(a);
        RunnerId b = _one.Started();
        _one.Ready(b);
        Assert.Equal([new Admit(waiting, b)], _one.Effects);
    }

    [Fact]
    public void If_one_response_does_not_end_another_runner_yields()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxRunners = 2 });
        bed.Load(A);
        bed.Pass(Seconds(1));
        (RunnerId b, RequestId first) = bed.Load(B);
        RequestId second = bed.Ask(B);
        bed.Ask(C);
        bed.Pass(Seconds(40));
        bed.Complete(first);
        bed.Complete(second);
        Assert.Equal([new StopRunner(b, StopReason.Evicted)], bed.Effects);
    }

    [Fact]
    public void A_runner_that_does_not_respond_to_a_health_check_is_stopped_for_a_waiting_model()
    {
        (RunnerId a, _) = _one.Load(A);
        _one.Ask(B);
        Assert.Contains(new CheckRunner(a), _one.Pass(Seconds(5)));
        _one.Handle(new RunnerResponded(a));
        Assert.Equal([new CheckRunner(a)], _one.Effects);
        _one.Handle(new RunnerStuck(a, "it did not answer"));
        Assert.Equal([new StopRunner(a, StopReason.Stuck) { Failure = new RunnerFailure(StopReason.Stuck, "it did not answer") }], _one.Effects);
        _one.Exit(a);
        Assert.Equal(B, Assert.Single(_one.Effects.OfType<StartRunner>()).Key);
        Assert.Equal((RunnerState.Failed, "it did not answer"), (_one.Status(A).State, _one.Status(A).Failure?.Message));
    }

    [Fact]
    public void The_cause_of_a_forced_stop_is_shown_for_a_while_at_any_age_of_the_daemon()
    {
        _one.Pass(TimeSpan.FromMinutes(10));
        (RunnerId a, _) = _one.Load(A);
        _one.Ask(B);
        _one.Pass(Seconds(5));
        _one.Handle(new RunnerStuck(a, "it did not answer"));
        _one.Exit(a);
        Assert.Equal("it did not answer", _one.Status(A).Failure?.Message);
        _one.Pass(Seconds(59));
        Assert.Equal("it did not answer", _one.Status(A).Failure?.Message);
        _one.Pass(Seconds(1));
        Assert.DoesNotContain(_one.Runners, static runner => runner.Key == A);
    }

    [Fact]
    public void A_silent_runner_is_not_stopped_while_no_request_waits_for_it()
    {
        (RunnerId a, _) = _one.Load(A);
        RequestId waiting = _one.Ask(B);
        _one.Pass(Seconds(5));
        _one.Handle(new ClientDisconnected(waiting));
        Assert.Empty(_one.Handle(new RunnerStuck(a, "it did not answer")));
    }

    [Fact]
    public void The_first_to_wait_is_the_first_to_start()
    {
        (RunnerId a, RequestId stream) = _one.Load(A);
        _one.Ask(C);
        _one.Pass(Seconds(1));
        _one.Ask(B);
        _one.Complete(stream);
        _one.Exit(a);
        Assert.Equal(C, Assert.Single(_one.Effects.OfType<StartRunner>()).Key);
    }

    [Fact]
    public void Lowered_limits_evict_idle_runners_at_once_and_busy_ones_after_their_response()
    {
        var bed = new SchedulerBed();
        RunnerId a = bed.LoadIdle(A);
        (RunnerId b, RequestId busy) = bed.Load(B);
        (_, RequestId stays) = bed.Load(C);
        bed.Handle(new ConfigurationChanged(new SchedulerSettings { MaxRunners = 1 }));
        Assert.Equal([new StopRunner(a, StopReason.Evicted)], bed.Effects);
        bed.Complete(busy);
        Assert.Equal([new StopRunner(b, StopReason.Evicted)], bed.Effects);
        bed.Complete(stays);
        Assert.Empty(bed.Effects);
    }
}
