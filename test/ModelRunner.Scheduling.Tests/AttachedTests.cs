using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

public class AttachedTests
{
    private static readonly SchedulerSettings Two = new() { Attached = [new(new RunnerId(-1), A), new(new RunnerId(-2), A)] };

    private readonly SchedulerBed _bed = new(Two);

    [Fact]
    public void Attached_runners_are_ready_from_the_beginning_and_share_by_least_in_flight()
    {
        long[] served = [.. Enumerable.Range(0, 4).Select(_ =>
        {
            _bed.Ask(A);
            return Assert.IsType<Admit>(Assert.Single(_bed.Effects)).Runner.Value;
        })];
        Assert.Equal(2, served.Count(static id => id == -1));
        Assert.Equal(2, served.Count(static id => id == -2));
        Assert.All(_bed.Runners, static runner => Assert.Equal((RunnerState.Ready, true, 2), (runner.State, runner.IsAttached, runner.InFlight)));
    }

    [Fact]
    public void One_that_failed_is_avoided_while_the_other_lives_however_busy_that_is()
    {
        (RunnerId dead, RequestId failed) = _bed.Send(A);
        _bed.Break(failed);
        for (int i = 0; i < 10; i++)
            Assert.NotEqual(dead, _bed.Send(A).Runner);
    }

    [Fact]
    public void After_the_backoff_one_request_tries_it_and_the_others_wait_for_what_that_finds()
    {
        (RunnerId dead, RequestId failed) = _bed.Send(A);
        _bed.Break(failed);
        _bed.Send(A);
        _bed.Pass(Seconds(0.1));
        (RunnerId first, RequestId trial) = _bed.Send(A);
        Assert.Equal(dead, first);
        Assert.NotEqual(dead, _bed.Send(A).Runner);
        Assert.NotEqual(dead, _bed.Send(A).Runner);

        _bed.Break(trial);
        _bed.Pass(Seconds(0.1));
        Assert.NotEqual(dead, _bed.Send(A).Runner);
        _bed.Pass(Seconds(0.1));
        (RunnerId second, RequestId success) = _bed.Send(A);
        Assert.Equal(dead, second);
        _bed.Complete(success);
        Assert.Equal(dead, _bed.Send(A).Runner);
        Assert.Equal(dead, _bed.Send(A).Runner);
    }

    [Fact]
    public void A_trial_that_its_client_gave_up_is_followed_by_a_longer_wait()
    {
        (RunnerId hanging, RequestId failed) = _bed.Send(A);
        _bed.Break(failed);
        _bed.Send(A);
        _bed.Pass(Seconds(0.1));
        (RunnerId tried, RequestId trial) = _bed.Send(A);
        Assert.Equal(hanging, tried);
        _bed.Pass(Seconds(30));
        _bed.Handle(new RequestCompleted(trial, RequestResult.Abandoned));

        Assert.NotEqual(hanging, _bed.Send(A).Runner);
        _bed.Pass(Seconds(0.19));
        Assert.NotEqual(hanging, _bed.Send(A).Runner);
        _bed.Pass(Seconds(0.01));
        Assert.Equal(hanging, _bed.Send(A).Runner);
    }

    [Fact]
    public void A_trial_that_was_not_sent_does_not_count_as_a_failure()
    {
        (RunnerId broken, RequestId failed) = _bed.Send(A);
        _bed.Break(failed);
        _bed.Send(A);
        _bed.Pass(Seconds(0.1));
        (RunnerId tried, RequestId trial) = _bed.Send(A);
        Assert.Equal(broken, tried);
        _bed.Handle(new RequestCompleted(trial, RequestResult.NotSent));

        Assert.Equal(broken, _bed.Send(A).Runner);
    }

    [Fact]
    public void A_response_to_a_request_from_before_the_failure_does_not_reset_it()
    {
        (RunnerId one, RequestId old) = _bed.Send(A);
        _bed.Send(A);
        (RunnerId again, RequestId failed) = _bed.Send(A);
        Assert.Equal(one, again);
        _bed.Pass(Seconds(1));
        _bed.Break(failed);
        _bed.Complete(old);
        Assert.NotEqual(one, _bed.Send(A).Runner);
    }

    [Fact]
    public void Where_all_failed_the_one_that_is_due_first_is_asked()
    {
        (RunnerId first, RequestId one) = _bed.Send(A);
        _bed.Break(one);
        _bed.Pass(Seconds(0.01));
        (_, RequestId other) = _bed.Send(A);
        _bed.Break(other);
        Assert.Equal(first, _bed.Send(A).Runner);
    }

    [Fact]
    public void One_that_a_request_was_sent_to_is_not_chosen_for_it_again_while_there_is_another()
    {
        (RunnerId dead, RequestId failed) = _bed.Send(A);
        _bed.Send(A);
        _bed.Break(failed);
        _bed.Pass(Seconds(1));
        var again = new RequestArrived(new RequestId(100), A, default) { Tried = [dead] };
        Assert.NotEqual(dead, Assert.IsType<Admit>(Assert.Single(_bed.Handle(again))).Runner);
        Assert.Equal(dead, _bed.Send(A).Runner);
    }

    [Fact]
    public void Many_requests_that_fail_together_are_one_failure()
    {
        List<(RunnerId Runner, RequestId Request)> sent = [.. Enumerable.Range(0, 20).Select(_ => _bed.Send(A))];
        RunnerId dead = sent[0].Runner;
        foreach ((_, RequestId request) in sent.Where(pair => pair.Runner == dead))
            _bed.Break(request);
        _bed.Pass(Seconds(0.1));
        Assert.Equal(dead, _bed.Send(A).Runner);
    }

    [Fact]
    public void A_runner_whose_first_request_hangs_gets_no_more_while_another_responds()
    {
        (RunnerId hanging, RequestId first) = _bed.Send(A);
        (RunnerId other, RequestId answered) = _bed.Send(A);
        _bed.Complete(answered);
        for (int i = 0; i < 10; i++)
            Assert.Equal(other, _bed.Send(A).Runner);

        // It was only slow.
        _bed.Complete(first);
        Assert.Equal(hanging, _bed.Send(A).Runner);
    }

    [Fact]
    public void A_runner_that_does_not_respond_before_its_clients_disconnect_is_avoided()
    {
        (RunnerId hanging, RequestId one) = _bed.Send(A);
        RequestId two = _bed.Send(A).Request;
        _bed.Complete(one);
        _bed.Complete(two);
        _bed.Pass(Seconds(1));
        List<(RunnerId Runner, RequestId Request)> sent = [.. Enumerable.Range(0, 8).Select(_ => _bed.Send(A))];
        _bed.Pass(Seconds(1));
        foreach ((RunnerId runner, RequestId request) in sent)
            _bed.Handle(new RequestCompleted(request, runner == hanging ? RequestResult.Abandoned : RequestResult.Served));

        Assert.Equal(4, sent.Count(request => request.Runner == hanging));
        Assert.NotEqual(hanging, _bed.Send(A).Runner);
        Assert.NotEqual(hanging, _bed.Send(A).Runner);

        // Clients that left together are one failure.
        _bed.Pass(Seconds(0.1));
        Assert.Equal(hanging, _bed.Send(A).Runner);
    }

    [Fact]
    public void A_client_that_leaves_soon_says_nothing_of_the_runner()
    {
        (RunnerId runner, RequestId left) = _bed.Send(A);
        _bed.Pass(Seconds(0.9));
        _bed.Handle(new RequestCompleted(left, RequestResult.Abandoned));
        Assert.NotEqual(runner, _bed.Send(A).Runner);
        Assert.Equal(runner, _bed.Send(A).Runner);
    }

    [Fact]
    public void A_client_that_disconnects_does_not_count_against_a_runner_that_responded_to_another()
    {
        (RunnerId runner, RequestId left) = _bed.Send(A);
        _bed.Send(A);
        (RunnerId same, RequestId answered) = _bed.Send(A);
        Assert.Equal(runner, same);
        _bed.Pass(Seconds(60));
        _bed.Complete(answered);
        _bed.Handle(new RequestCompleted(left, RequestResult.Abandoned));
        Assert.Equal(runner, _bed.Send(A).Runner);
    }

    [Fact]
    public void Three_server_errors_in_a_row_are_a_failure()
    {
        int errors = 0;
        for (int i = 0; i < 20; i++)
        {
            (RunnerId runner, RequestId request) = _bed.Send(A);
            bool isBroken = runner == new RunnerId(-1);
            errors += isBroken ? 1 : 0;
            _bed.Handle(new RequestCompleted(request, isBroken ? RequestResult.ServerError : RequestResult.Served));
            _bed.Pass(Seconds(0.001));
        }

        Assert.Equal(3, errors);
    }

    [Fact]
    public void Neither_unload_nor_time_nor_shutdown_stops_them()
    {
        _bed.Complete(_bed.Ask(A));
        UnloadId unload = _bed.Unload();
        Assert.Equal([new UnloadCompleted(unload, 0)], _bed.Effects);
        Assert.Empty(_bed.Pass(TimeSpan.FromDays(1)));
        Assert.Equal([new ShutdownCompleted()], _bed.Handle(new ShutdownRequested()));
    }

    [Fact]
    public void Other_keys_are_managed_beside_them()
    {
        Assert.Equal(new RunnerId(1), _bed.LoadIdle(B));
    }

    [Fact]
    public void One_that_the_configuration_drops_gets_no_more_requests()
    {
        RequestId running = _bed.Ask(A);
        _bed.Handle(new ConfigurationChanged(Two with { Attached = [new(new RunnerId(-2), A)] }));
        _bed.Ask(A);
        Assert.Equal(new RunnerId(-2), Assert.IsType<Admit>(Assert.Single(_bed.Effects)).Runner);
        _bed.Complete(running);
        Assert.Equal(new RunnerId(-2), Assert.Single(_bed.Runners).Id);
    }
}
