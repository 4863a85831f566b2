using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

public class LoadingTests
{
    private readonly SchedulerBed _bed = new();

    [Fact]
    public void Fifty_first_requests_start_one_runner_and_are_admitted_in_order()
    {
        RequestId[] requests = [.. Enumerable.Range(0, 50).Select(_ => _bed.Ask(A))];
        Assert.Empty(_bed.Effects);
        _bed.Ready(new RunnerId(1));
        Assert.Equal(requests.Select(request => new Admit(request, new RunnerId(1))), _bed.Effects);
        Assert.Equal(50, _bed.Status(A).InFlight);
    }

    [Fact]
    public void The_load_goes_on_when_the_first_client_leaves()
    {
        RequestId first = _bed.Ask(A);
        RunnerId runner = _bed.Started();
        RequestId second = _bed.Ask(A);
        Assert.Empty(_bed.Handle(new ClientDisconnected(first)));
        _bed.Ready(runner);
        Assert.Equal([new Admit(second, runner)], _bed.Effects);
    }

    [Fact]
    public void The_load_goes_on_when_every_client_leaves()
    {
        RequestId only = _bed.Ask(A);
        RunnerId runner = _bed.Started();
        Assert.Empty(_bed.Handle(new ClientDisconnected(only)));
        _bed.Ready(runner);
        Assert.Equal(RunnerState.Ready, _bed.Status(A).State);
        Assert.Equal([new StopRunner(runner, StopReason.Idle)], _bed.Pass(TimeSpan.FromMinutes(5)));
    }

    [Fact]
    public void Different_models_and_modes_load_beside_each_other()
    {
        _bed.Ask(A);
        _bed.Ask(B);
        _bed.Ask(Key("a", RunnerMode.Embedding));
        Assert.Equal(3, _bed.Runners.Count(static runner => runner.State == RunnerState.Loading));
        _bed.Ready(new RunnerId(2));
        Assert.Equal(RunnerState.Loading, _bed.Status(A).State);
        Assert.Equal(RunnerState.Ready, _bed.Status(B).State);
    }

    [Fact]
    public void A_request_that_arrives_while_its_runner_stops_starts_the_next_one()
    {
        RunnerId old = _bed.LoadIdle(A);
        _bed.Unload();
        RequestId request = _bed.Ask(A);
        Assert.Empty(_bed.Effects);
        _bed.Exit(old);
        RunnerId next = _bed.Started();
        Assert.NotEqual(old, next);
        _bed.Ready(next);
        Assert.Equal([new Admit(request, next)], _bed.Effects);
    }

    [Fact]
    public void The_queue_is_bounded_and_the_sentence_names_the_limit()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxQueuedRequests = 2 });
        RequestId first = bed.Ask(A);
        bed.Ask(B);
        bed.Ask(C);
        Assert.Equal(RefusalReason.QueueFull, bed.Refusal().Reason);
        Assert.Contains("2 requests", bed.Refusal().Message, StringComparison.Ordinal);
        Assert.Contains("limits.maxQueuedRequests", bed.Refusal().Message, StringComparison.Ordinal);
        bed.Handle(new ClientDisconnected(first));
        bed.Ask(C);
        Assert.Empty(bed.Effects.OfType<Refuse>());
    }

    [Fact]
    public void A_ready_runner_accepts_requests_even_if_the_queue_is_full()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxQueuedRequests = 1 });
        RunnerId runner = bed.LoadIdle(A);
        bed.Ask(B);
        RequestId request = bed.Ask(A);
        Assert.Equal([new Admit(request, runner)], bed.Effects);
    }

    [Fact]
    public void Late_repeated_and_unknown_events_change_nothing()
    {
        RunnerId old = _bed.LoadIdle(A);
        _bed.Exit(old, "signal 9");
        _bed.Ask(A);
        RunnerId next = _bed.Started();
        foreach (SchedulerEvent late in (SchedulerEvent[])[
            new RunnerReady(old), new RunnerExited(old, null), new RunnerFailed(old, new RunnerFailure(StopReason.Exited, "late")), new RunnerReady(new RunnerId(99)),
            new RequestCompleted(new RequestId(1)), new ClientDisconnected(new RequestId(77)), new UnloadAbandoned(new UnloadId(5))])
        {
            Assert.Empty(_bed.Handle(late));
        }

        Assert.Equal((next, RunnerState.Loading, 1), (_bed.Status(A).Id, _bed.Status(A).State, _bed.Status(A).Queued));
    }

    [Fact]
    public void A_request_that_arrives_twice_is_one_request()
    {
        var arrived = new RequestArrived(new RequestId(900), A, default);
        _bed.Handle(arrived);
        Assert.Empty(_bed.Handle(arrived));
        _bed.Ready(new RunnerId(1));
        Assert.Single(_bed.Effects.OfType<Admit>());
    }
}
