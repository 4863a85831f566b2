using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

public class UnloadTests
{
    private readonly SchedulerBed _bed = new();

    [Fact]
    public void MEM_09_unload_covers_every_mode_of_a_model_and_no_other_model()
    {
        RunnerId chat = _bed.LoadIdle(A);
        RunnerId vectors = _bed.LoadIdle(Key("a", RunnerMode.Embedding));
        _bed.LoadIdle(B);
        UnloadId unload = _bed.Unload("a");
        Assert.Equal([new StopRunner(chat, StopReason.Unloaded), new StopRunner(vectors, StopReason.Unloaded)], _bed.Effects);
        _bed.Exit(chat);
        Assert.Empty(_bed.Effects);
        _bed.Exit(vectors);
        Assert.Equal([new UnloadCompleted(unload, 2)], _bed.Effects);
        Assert.Equal(B, Assert.Single(_bed.Runners).Key);
    }

    [Fact]
    public void LIF_11_unload_completes_when_the_process_has_ended_and_it_is_shown_until_then()
    {
        RunnerId runner = _bed.LoadIdle(A);
        UnloadId unload = _bed.Unload();
        Assert.Equal([new StopRunner(runner, StopReason.Unloaded)], _bed.Effects);
        Assert.Equal(RunnerState.Stopping, _bed.Status(A).State);
        _bed.Exit(runner);
        Assert.Equal([new UnloadCompleted(unload, 1)], _bed.Effects);
        Assert.Empty(_bed.Runners);
    }

    [Fact]
    public void A_busy_runner_finishes_its_responses_accepts_no_new_request_and_stops()
    {
        (RunnerId runner, RequestId stream) = _bed.Load(A);
        UnloadId unload = _bed.Unload();
        Assert.Equal([new CheckRunner(runner)], _bed.Effects);
        RequestId late = _bed.Ask(A);
        Assert.Empty(_bed.Effects);
        _bed.Complete(stream);
        Assert.Equal([new StopRunner(runner, StopReason.Unloaded)], _bed.Effects);
        _bed.Exit(runner);
        Assert.Contains(new UnloadCompleted(unload, 1), _bed.Effects);
        RunnerId next = _bed.Started();
        _bed.Ready(next);
        Assert.Equal([new Admit(late, next)], _bed.Effects);
    }

    [Fact]
    public void A_busy_runner_that_does_not_finish_is_stopped_when_its_time_is_over()
    {
        var bed = new SchedulerBed(new SchedulerSettings { UnloadDrain = SchedulerBed.Seconds(3) });
        (RunnerId runner, RequestId stream) = bed.Load(A);
        UnloadId unload = bed.Unload();
        bed.Handle(new UnloadAbandoned(unload));
        UnloadId second = bed.Unload();
        Assert.Empty(bed.Pass(SchedulerBed.Seconds(2.9)));
        Assert.Equal([new StopRunner(runner, StopReason.Unloaded)], bed.Pass(SchedulerBed.Seconds(0.1)));
        bed.Complete(stream);
        bed.Exit(runner);
        Assert.Equal([new UnloadCompleted(second, 1)], bed.Effects);

        // The time belongs to that start: the next one is not stopped by it.
        bed.Load(A);
        Assert.Empty(bed.Pass(SchedulerBed.Seconds(4)));
    }

    [Fact]
    public void A_runner_that_does_not_respond_to_a_health_check_does_not_delay_an_unload()
    {
        (RunnerId runner, _) = _bed.Load(A);
        UnloadId unload = _bed.Unload();
        Assert.Equal([new CheckRunner(runner)], _bed.Effects);
        _bed.Handle(new RunnerStuck(runner, "it did not answer"));
        Assert.Equal([new StopRunner(runner, StopReason.Stuck) { Failure = new RunnerFailure(StopReason.Stuck, "it did not answer") }], _bed.Effects);
        _bed.Exit(runner);
        Assert.Equal([new UnloadCompleted(unload, 1)], _bed.Effects);
    }

    [Fact]
    public void A_runner_that_refuses_connections_is_replaced_after_its_responses()
    {
        (RunnerId runner, RequestId stream) = _bed.Load(A);
        RequestId refused = _bed.Ask(A);
        Assert.Equal([new Admit(refused, runner)], _bed.Effects);

        _bed.Handle(new RunnerUnreachable(runner, "no connection"));
        _bed.Complete(refused);
        RequestId next = _bed.Ask(A);
        Assert.DoesNotContain(_bed.Effects, static effect => effect is Admit or StopRunner);
        _bed.Complete(stream);
        Assert.Equal([new StopRunner(runner, StopReason.Unreachable) { Failure = new RunnerFailure(StopReason.Unreachable, "no connection") }], _bed.Effects);
        _bed.Exit(runner);
        RunnerId second = Assert.IsType<StartRunner>(Assert.Single(_bed.Effects)).Runner;
        _bed.Ready(second);

        Assert.Equal([new Admit(next, second)], _bed.Effects);
    }

    [Fact]
    public void A_runner_that_refuses_connections_is_stopped_after_the_drain_time_even_during_a_response()
    {
        (RunnerId runner, _) = _bed.Load(A);
        _bed.Handle(new RunnerUnreachable(runner, "no connection"));
        Assert.Equal(
            [new StopRunner(runner, StopReason.Unreachable) { Failure = new RunnerFailure(StopReason.Unreachable, "no connection") }],
            _bed.Pass(new SchedulerSettings().UnloadDrain));
    }

    [Fact]
    public void A_loading_runner_is_stopped_and_its_waiting_requests_are_refused()
    {
        RequestId request = _bed.Ask(A);
        RunnerId runner = _bed.Started();
        UnloadId unload = _bed.Unload();
        Assert.Equal((request, RefusalReason.Unloading), (_bed.Refusal().Request, _bed.Refusal().Reason));
        Assert.Contains(new StopRunner(runner, StopReason.Unloaded), _bed.Effects);
        _bed.Fail(runner, "stopped before it was ready");
        Assert.Equal([new UnloadCompleted(unload, 1)], _bed.Effects);
        _bed.Ask(A);
        _bed.Started();
    }

    [Fact]
    public void An_unload_without_runners_completes_at_once()
    {
        UnloadId unload = _bed.Unload("nothing");
        Assert.Equal([new UnloadCompleted(unload, 0)], _bed.Effects);
    }

    [Fact]
    public void It_waits_for_a_runner_that_was_stopping_and_does_not_count_it()
    {
        RunnerId runner = _bed.LoadIdle(A, TimeSpan.Zero);
        UnloadId unload = _bed.Unload();
        Assert.Empty(_bed.Effects);
        _bed.Exit(runner);
        Assert.Equal([new UnloadCompleted(unload, 0)], _bed.Effects);
    }

    [Fact]
    public void Two_unloads_of_one_runner_both_complete_and_an_abandoned_one_does_not()
    {
        RunnerId runner = _bed.LoadIdle(A);
        UnloadId first = _bed.Unload();
        UnloadId second = _bed.Unload();
        UnloadId third = _bed.Unload();
        _bed.Handle(new UnloadAbandoned(second));
        _bed.Exit(runner);
        Assert.Equal([new UnloadCompleted(first, 1), new UnloadCompleted(third, 0)], _bed.Effects);
    }

    [Fact]
    public void Unloading_a_model_that_failed_ends_its_backoff()
    {
        _bed.Ask(A);
        _bed.Fail(_bed.Started());
        _bed.Unload("a");
        Assert.Empty(_bed.Runners);
        _bed.Ask(A);
        _bed.Started();
    }

    [Fact]
    public void Unloading_a_pinned_runner_stops_it()
    {
        RunnerId runner = _bed.LoadIdle(A, TimeSpan.FromTicks(-1));
        _bed.Unload("a");
        Assert.Equal([new StopRunner(runner, StopReason.Unloaded)], _bed.Effects);
    }

    [Fact]
    public void The_stop_has_the_key_that_requested_it_also_when_it_comes_later()
    {
        var bed = new SchedulerBed();
        (_, RequestId running) = bed.Load(A);
        bed.LoadIdle(B);
        bed.Handle(new UnloadRequested(new UnloadId(900), new UnloadSelection(null, null)) { By = "ada" });
        Assert.Equal(["ada"], bed.Effects.OfType<StopRunner>().Select(static stop => stop.By));
        bed.Handle(new UnloadRequested(new UnloadId(901), new UnloadSelection(null, null)) { By = "bob" });
        bed.Complete(running);
        Assert.Equal(["ada"], bed.Effects.OfType<StopRunner>().Select(static stop => stop.By));
    }

    [Fact]
    public void A_stop_without_an_unload_has_no_key()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxRunners = 1 });
        (RunnerId runner, RequestId request) = bed.Load(A);
        bed.Handle(new UnloadRequested(new UnloadId(900), new UnloadSelection(null, null)) { By = "ada" });
        bed.Complete(request);
        bed.Exit(runner);
        bed.LoadIdle(A);
        bed.Ask(B);
        Assert.Null(Assert.Single(bed.Effects.OfType<StopRunner>()).By);
    }
}
