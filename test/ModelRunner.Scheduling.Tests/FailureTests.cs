using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

public class FailureTests
{
    private readonly SchedulerBed _bed = new();

    [Fact]
    public void A_failed_start_refuses_all_who_wait_with_its_cause()
    {
        _bed.Ask(A);
        RunnerId runner = _bed.Started();
        _bed.Ask(A);
        _bed.Fail(runner, "exit code 1: unknown model architecture");
        Refuse[] refusals = [.. _bed.Effects.OfType<Refuse>()];
        Assert.Equal(2, refusals.Length);
        Assert.All(refusals, static refusal => Assert.Equal((RefusalReason.StartFailed, Seconds(0.1)), (refusal.Reason, refusal.RetryAfter)));
        Assert.All(refusals, static refusal => Assert.Contains("unknown model architecture", refusal.Message, StringComparison.Ordinal));
        Assert.Equal(RunnerState.Failed, _bed.Status(A).State);
    }

    [Fact]
    public void A_start_that_is_cancelled_is_no_crash_and_the_next_request_starts_another_one_at_once()
    {
        _bed.Ask(A);
        _bed.Fail(_bed.Started(), "a file was removed", StopReason.Outdated);
        Assert.Equal((RefusalReason.StartFailed, null, StopReason.Outdated), (_bed.Refusal().Reason, _bed.Refusal().RetryAfter, _bed.Refusal().FailureReason));
        Assert.Contains("a file was removed", _bed.Refusal().Message, StringComparison.Ordinal);
        Assert.Equal((StopReason.Outdated, null), (_bed.Ends[^1].Reason, _bed.Ends[^1].Crash));
        Assert.Empty(_bed.Runners);

        _bed.Ask(A);
        _bed.Ready(_bed.Started());
        Assert.Single(_bed.Effects.OfType<Admit>());
    }

    [Fact]
    public void A_start_of_a_model_without_requests_waits_after_it_was_cancelled()
    {
        _bed.Handle(new ResidentsChanged([new Resident(A, new RunnerDemand(0, null))]));
        _bed.Fail(_bed.Started(), "a file was removed", StopReason.Outdated);
        Assert.Empty(_bed.Effects.OfType<StartRunner>());
        Assert.Null(_bed.Ends[^1].Crash);
        _bed.Pass(Seconds(0.1));
        _bed.Started();
    }

    [Fact]
    public void SRV_09_after_a_failed_load_and_its_wait_the_next_request_tries_again()
    {
        _bed.Ask(A);
        _bed.Fail(_bed.Started());
        _bed.Pass(Seconds(0.04));
        _bed.Ask(A);
        Assert.Equal((RefusalReason.Backoff, Seconds(0.06)), (_bed.Refusal().Reason, _bed.Refusal().RetryAfter!.Value));
        Assert.Contains("exit code 1", _bed.Refusal().Message, StringComparison.Ordinal);
        _bed.Pass(Seconds(0.06));
        _bed.Ask(A);
        _bed.Ready(_bed.Started());
        Assert.Single(_bed.Effects.OfType<Admit>());
        Assert.Null(_bed.Status(A).Failure);
    }

    [Fact]
    public void The_wait_doubles_from_100_ms_to_60_s()
    {
        var waits = new List<double>();
        for (int i = 0; i < 12; i++)
        {
            _bed.Ask(A);
            _bed.Fail(_bed.Started());
            TimeSpan wait = _bed.Refusal().RetryAfter!.Value;
            waits.Add(wait.TotalSeconds);
            _bed.Pass(wait);
        }

        Assert.Equal([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 60, 60], waits);
    }

    [Fact]
    public void Ten_seconds_of_being_ready_forgive_earlier_failures()
    {
        for (int i = 0; i < 3; i++)
        {
            _bed.Ask(A);
            _bed.Fail(_bed.Started());
            _bed.Pass(_bed.Refusal().RetryAfter!.Value);
        }

        RunnerId runner = _bed.LoadIdle(A);
        _bed.Pass(Seconds(10));
        _bed.Exit(runner, "signal 11");
        _bed.Ask(A);
        _bed.Fail(_bed.Started());
        Assert.Equal(Seconds(0.2), _bed.Refusal().RetryAfter);
    }

    [Fact]
    public void LIF_03_a_crash_is_noticed_at_once_and_the_next_request_starts_a_new_runner()
    {
        RunnerId old = _bed.LoadIdle(A);
        _bed.Exit(old, "killed by signal 9");
        Assert.Equal((RunnerState.Failed, "killed by signal 9"), (_bed.Status(A).State, _bed.Status(A).Failure?.Message));
        RequestId request = _bed.Ask(A);
        RunnerId next = _bed.Started();
        _bed.Ready(next);
        Assert.Equal([new Admit(request, next)], _bed.Effects);
    }

    [Fact]
    public void Requests_of_a_crashed_runner_are_not_counted_on_the_next_one()
    {
        (RunnerId old, RequestId cut) = _bed.Load(A);
        _bed.Exit(old, "killed by signal 9");
        (_, RequestId second) = _bed.Load(A);
        _bed.Complete(cut);
        Assert.Equal(1, _bed.Status(A).InFlight);
        _bed.Complete(second);
        Assert.Equal(0, _bed.Status(A).InFlight);
    }

    [Fact]
    public void A_process_that_ends_before_it_was_seen_ready_is_a_failed_start()
    {
        _bed.Pass(Seconds(100));
        _bed.Ask(A);
        _bed.Exit(_bed.Started(), "signal 11");
        Assert.Equal((RefusalReason.StartFailed, Seconds(0.1)), (_bed.Refusal().Reason, _bed.Refusal().RetryAfter!.Value));
        Assert.Empty(_bed.Effects.OfType<StartRunner>());
    }

    [Fact]
    public void A_runner_that_crashes_again_without_serving_is_started_for_a_request_after_a_short_wait()
    {
        CrashUnused(times: 2);
        RequestId request = _bed.Ask(A);
        Assert.Empty(_bed.Effects);
        Assert.Equal((RunnerState.Waiting, _bed.Now + Seconds(0.1)), (_bed.Status(A).State, _bed.NextDeadline));
        Assert.Empty(_bed.Pass(Seconds(0.09)));
        _bed.Pass(Seconds(0.01));
        RunnerId next = _bed.Started();
        _bed.Ready(next);
        Assert.Equal([new Admit(request, next)], _bed.Effects);
    }

    [Fact]
    public void A_wait_beyond_the_limit_is_refused_at_once()
    {
        // Waits of 0, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2 and 6.4 s.
        CrashUnused(times: 8);
        _bed.Ask(A);
        Assert.Equal((RefusalReason.Backoff, Seconds(6.4)), (_bed.Refusal().Reason, _bed.Refusal().RetryAfter!.Value));
        _bed.Pass(Seconds(1.4));
        _bed.Ask(A);
        Assert.Empty(_bed.Effects);
        _bed.Pass(Seconds(5));
        _bed.Started();
    }

    [Fact]
    public void A_wait_as_long_as_a_request_may_wait_is_refused_at_once()
    {
        var bed = new SchedulerBed(new SchedulerSettings { QueueTimeout = Seconds(0.1) });
        CrashUnused(times: 2, bed);
        bed.Ask(A);
        Assert.Equal(RefusalReason.Backoff, bed.Refusal().Reason);
    }

    [Fact]
    public void One_that_is_killed_again_and_again_but_serves_in_between_is_started_at_once()
    {
        for (int i = 0; i < 20; i++)
            _bed.Exit(_bed.LoadIdle(A), "signal 9");
        Assert.Equal(Seconds(0), _bed.Now);
    }

    [Fact]
    public void A_request_that_a_runner_failed_does_not_count_as_served()
    {
        for (int i = 0; i < 2; i++)
        {
            (RunnerId runner, RequestId request) = _bed.Load(A);
            _bed.Break(request);
            _bed.Exit(runner, "signal 11");
        }

        _bed.Ask(A);
        Assert.Empty(_bed.Effects);
    }

    [Fact]
    public void Who_waits_for_a_crashed_runner_holds_up_no_other_model()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxRunners = 1 });
        CrashUnused(times: 2, bed);
        bed.Ask(A);
        RunnerId other = bed.LoadIdle(B);
        Assert.Equal([new StopRunner(other, StopReason.Evicted)], bed.Pass(Seconds(0.1)));
        bed.Exit(other);
        Assert.NotEqual(other, bed.Started());
    }

    private void CrashUnused(int times, SchedulerBed? bed = null)
    {
        bed ??= _bed;
        for (int i = 0; i < times; i++)
        {
            RequestId request = bed.Ask(A);
            if (i > 1)
                bed.Pass(bed.NextDeadline!.Value - bed.Now);
            RunnerId runner = bed.Started();
            bed.Handle(new ClientDisconnected(request));
            bed.Ready(runner);
            bed.Exit(runner, "signal 11");
        }
    }

    [Fact]
    public void LIF_02_nothing_is_left_of_fifty_models_that_came_and_went()
    {
        for (int i = 0; i < 50; i++)
        {
            RunnerId runner = _bed.LoadIdle(Key($"m{i}"));
            _bed.Unload();
            _bed.Exit(runner);
        }

        Assert.Empty(_bed.Runners);
        Assert.Null(_bed.NextDeadline);
    }

    [Fact]
    public void A_failure_without_further_requests_is_forgotten()
    {
        _bed.Ask(A);
        _bed.Fail(_bed.Started());
        _bed.Pass(TimeSpan.FromMinutes(3));
        Assert.Empty(_bed.Runners);
        Assert.Null(_bed.NextDeadline);
    }
}
