using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

/// <summary>Models that are loaded without a request.</summary>
public class ResidentTests
{
    private readonly SchedulerBed _one = new(new SchedulerSettings { MaxRunners = 1 });

    [Fact]
    public void A_resident_is_loaded_at_once_and_not_stopped_when_idle()
    {
        RunnerId a = Reside(_one, A);
        _one.Ready(a);
        Assert.Empty(_one.Pass(TimeSpan.FromHours(1)));
        Assert.True(_one.Status(A).IsResident);
    }

    [Fact]
    public void It_makes_room_and_comes_back_when_the_other_model_has_left()
    {
        RunnerId a = Reside(_one, A);
        _one.Ready(a);
        RequestId request = _one.Ask(B);
        Assert.Equal([new StopRunner(a, StopReason.Evicted)], _one.Effects);
        _one.Exit(a);
        RunnerId b = _one.Started();
        _one.Ready(b);
        _one.Complete(request);
        Assert.Equal([new StopRunner(b, StopReason.Idle)], _one.Pass(TimeSpan.FromMinutes(5)));
        _one.Exit(b);
        StartRunner start = Assert.Single(_one.Effects.OfType<StartRunner>());
        Assert.Equal((A, true), (start.Key, start.IsResident));
    }

    [Fact]
    public void It_stops_no_other_model_and_does_not_go_before_one_that_waits()
    {
        RunnerId b = _one.LoadIdle(B);
        _one.Handle(new ResidentsChanged([new Resident(A, default)]));
        Assert.Empty(_one.Effects);
        _one.Ask(C);
        _one.Exit(b);
        Assert.Equal(C, Assert.Single(_one.Effects.OfType<StartRunner>()).Key);
    }

    [Fact]
    public void An_unload_keeps_it_away_until_a_request_or_a_reload()
    {
        RunnerId a = Reside(_one, A);
        _one.Ready(a);
        _one.Unload("a");
        _one.Exit(a);
        Assert.Empty(_one.Effects.OfType<StartRunner>());
        a = _one.LoadIdle(A);
        Assert.Empty(_one.Pass(TimeSpan.FromHours(1)));
        _one.Unload("a");
        _one.Exit(a);
        Reside(_one, A);
    }

    [Fact]
    public void A_list_that_keeps_what_is_unloaded_brings_back_only_new_models()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxRunners = 2 });
        RunnerId a = Reside(bed, A);
        bed.Ready(a);
        bed.Unload("a");
        bed.Exit(a);
        bed.Handle(new ResidentsChanged([new Resident(A, default), new Resident(B, default)]) { KeepsUnloaded = true });
        Assert.Equal(B, Assert.Single(bed.Effects.OfType<StartRunner>()).Key);
        bed.Handle(new ResidentsChanged([new Resident(B, default)]) { KeepsUnloaded = true });
        bed.Handle(new ResidentsChanged([new Resident(A, default), new Resident(B, default)]) { KeepsUnloaded = true });
        Assert.Equal(A, Assert.Single(bed.Effects.OfType<StartRunner>()).Key);
    }

    [Fact]
    public void Other_settings_of_an_unloaded_resident_do_not_bring_it_back()
    {
        RunnerId a = Reside(_one, A);
        _one.Ready(a);
        _one.Unload("a");
        _one.Exit(a);
        _one.Handle(new ConfigurationChanged(new SchedulerSettings { MaxRunners = 1 }) { OutdatedModels = new HashSet<string> { "a" } });
        _one.Handle(new ResidentsChanged([new Resident(A, default)]) { KeepsUnloaded = true });

        Assert.Empty(_one.Effects);
    }

    [Fact]
    public void A_resident_that_cannot_be_started_is_given_up_until_a_request_for_it()
    {
        Assert.Equal(12, FailUntilGivenUp(Reside(_one, A)));
        Assert.Equal((A, 12), (_one.Effects.OfType<ResidentGivenUp>().Single().Key, _one.Effects.OfType<ResidentGivenUp>().Single().Failures));
        Assert.Empty(_one.Pass(TimeSpan.FromHours(1)));

        _one.Ready(Ask(A));
        Assert.Empty(_one.Pass(TimeSpan.FromHours(1)));

        RunnerId Ask(RunnerKey key)
        {
            _one.Ask(key);
            return _one.Started();
        }
    }

    [Fact]
    public void A_resident_that_was_given_up_is_tried_again_after_a_reload()
    {
        FailUntilGivenUp(Reside(_one, A));

        _one.Handle(new ResidentsChanged([new Resident(A, default)]) { KeepsUnloaded = true });

        Assert.Equal(12, FailUntilGivenUp(_one.Started()));
    }

    [Fact]
    public void Another_list_tries_only_those_again_whose_file_is_new()
    {
        FailUntilGivenUp(Reside(_one, A));

        _one.Handle(new ResidentsChanged([new Resident(A, default) { IsUnchanged = true }, new Resident(B, default)]) { KeepsUnloaded = true });
        Assert.Equal(B, Assert.Single(_one.Effects.OfType<StartRunner>()).Key);
        _one.Fail(_one.Started());
        Assert.DoesNotContain(_one.Pass(TimeSpan.FromSeconds(1)).OfType<StartRunner>(), static start => start.Key == A);
        _one.Fail(_one.Started());

        _one.Handle(new ResidentsChanged([new Resident(A, default) { IsUnchanged = true }, new Resident(B, default) { IsUnchanged = true }]));
        Assert.Equal(A, Assert.Single(_one.Effects.OfType<StartRunner>()).Key);
    }

    [Fact]
    public void A_refused_request_with_the_keep_alive_time_zero_unloads_nothing()
    {
        RunnerId a = Reside(_one, A);
        _one.Fail(a);
        _one.Handle(new RequestArrived(new RequestId(1000), A, new RunnerDemand(0, null) { RequestKeepAlive = TimeSpan.Zero }));
        Assert.Equal(RefusalReason.Backoff, _one.Refusal().Reason);

        Assert.Equal(A, Assert.Single(_one.Pass(TimeSpan.FromMinutes(1)).OfType<StartRunner>()).Key);
    }

    [Fact]
    public void A_time_of_a_request_does_not_take_the_room_of_a_pinned_resident()
    {
        _one.Handle(new ResidentsChanged([new Resident(A, new RunnerDemand(0, Seconds(-1)))]));
        _one.Ready(_one.Started());
        _one.Handle(new RequestArrived(new RequestId(1000), A, new RunnerDemand(0, Seconds(-1)) { RequestKeepAlive = Seconds(300) }));
        _one.Complete(new RequestId(1000));

        Assert.True(Assert.Single(_one.Runners).KeepAlive < TimeSpan.Zero);
    }

    [Fact]
    public void A_refused_request_does_not_try_it_again_and_reports_nothing()
    {
        FailUntilGivenUp(Reside(_one, A));
        for (int i = 0; i < 3; i++)
        {
            _one.Ask(A);
            Assert.Equal(RefusalReason.Backoff, _one.Refusal().Reason);
            Assert.Empty(_one.Effects.OfType<ResidentGivenUp>());
        }

        // A start for a request is reported if it fails too.
        _one.Pass(TimeSpan.FromMinutes(1));
        _one.Ask(A);
        _one.Fail(_one.Started());
        Assert.Equal(13, Assert.Single(_one.Effects.OfType<ResidentGivenUp>()).Failures);
    }

    [Fact]
    public void A_model_whose_requests_failed_and_that_becomes_a_resident_gets_all_its_starts()
    {
        for (int i = 0; i < 12; i++)
        {
            _one.Ask(A);
            _one.Fail(_one.Started());
            if (i < 11)
                _one.Pass(_one.NextDeadline!.Value - _one.Now);
        }

        Assert.Equal(12, FailUntilGivenUp(Reside(_one, A)));
    }

    [Fact]
    public void A_request_with_the_keep_alive_time_zero_unloads_it_until_the_next_request()
    {
        RunnerId a = Reside(_one, A);
        _one.Ready(a);
        RequestId last = Ask(TimeSpan.Zero);
        Assert.Empty(_one.Pass(Seconds(60)).OfType<StopRunner>());
        _one.Complete(last);
        Assert.Equal([new StopRunner(a, StopReason.Idle)], _one.Effects);
        _one.Exit(a);
        Assert.Empty(_one.Effects.OfType<StartRunner>());
        Assert.Empty(_one.Pass(TimeSpan.FromHours(1)));

        RequestId next = Ask(null);
        _one.Ready(_one.Started());
        _one.Complete(next);
        Assert.Empty(_one.Pass(TimeSpan.FromHours(1)));

        RequestId Ask(TimeSpan? keepAlive)
        {
            var id = new RequestId(keepAlive is null ? 1001 : 1000);
            _one.Handle(new RequestArrived(id, A, new RunnerDemand(0, null) { RequestKeepAlive = keepAlive }));
            return id;
        }
    }

    [Fact]
    public void Another_keep_alive_time_of_a_request_does_not_stop_it()
    {
        RunnerId a = Reside(_one, A);
        _one.Ready(a);
        _one.Handle(new RequestArrived(new RequestId(1000), A, new RunnerDemand(0, null) { RequestKeepAlive = Seconds(1) }));
        _one.Complete(new RequestId(1000));
        Assert.Empty(_one.Pass(TimeSpan.FromHours(1)));
    }

    // The number of starts.
    private int FailUntilGivenUp(RunnerId runner)
    {
        for (int starts = 1; ; starts++)
        {
            _one.Fail(runner);
            if (_one.Effects.OfType<ResidentGivenUp>().Any())
                return starts;
            Assert.InRange(starts, 1, 20);
            runner = Assert.Single(_one.Pass(TimeSpan.FromMinutes(1)).OfType<StartRunner>()).Runner;
        }
    }

    [Fact]
    public void A_crashed_resident_comes_back()
    {
        RunnerId a = Reside(_one, A);
        _one.Ready(a);
        _one.Exit(a, "it crashed");
        Assert.Equal(A, Assert.Single(_one.Effects.OfType<StartRunner>()).Key);
    }

    [Fact]
    public void A_resident_with_new_settings_comes_back_only_with_the_new_list()
    {
        RunnerId a = Reside(_one, A);
        _one.Ready(a);
        _one.Handle(new ConfigurationChanged(new SchedulerSettings { MaxRunners = 1 }) { OutdatedModels = new HashSet<string> { "a" } });
        Assert.Equal([new StopRunner(a, StopReason.Outdated)], _one.Effects);
        _one.Exit(a);
        Assert.Empty(_one.Effects.OfType<StartRunner>());
        Reside(_one, A);
    }

    [Fact]
    public void A_resident_without_memory_looks_for_it_again()
    {
        var bed = new SchedulerBed();
        bed.Handle(new MemoryMeasured(100));
        bed.Handle(new ResidentsChanged([new Resident(A, new RunnerDemand(200, null))]));
        Assert.Empty(bed.Effects);
        Assert.NotNull(bed.NextDeadline);
        bed.Handle(new MemoryMeasured(300));
        Assert.Equal(A, Assert.Single(bed.Effects.OfType<StartRunner>()).Key);
    }

    private static RunnerId Reside(SchedulerBed bed, RunnerKey key)
    {
        bed.Handle(new ResidentsChanged([new Resident(key, default)]));
        StartRunner start = Assert.Single(bed.Effects.OfType<StartRunner>());
        Assert.True(start.IsResident);
        return start.Runner;
    }
}
