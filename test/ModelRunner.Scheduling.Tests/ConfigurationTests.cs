using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

/// <summary>What a change of the settings does to runners that are loaded, and to requests that wait.</summary>
public class ConfigurationTests
{
    private static readonly SchedulerSettings WithAttached = new() { Attached = [new AttachedRunner(new RunnerId(-1), A)] };

    private readonly SchedulerBed _bed = new();

    [Fact]
    public void A_change_of_other_models_stops_nothing()
    {
        _bed.LoadIdle(A);
        Assert.Empty(Change(outdated: "b"));
        Assert.Equal(RunnerState.Ready, _bed.Status(A).State);
    }

    [Fact]
    public void An_idle_runner_of_a_changed_model_is_stopped_at_once()
    {
        RunnerId runner = _bed.LoadIdle(A, Seconds(-1));
        Assert.Equal([new StopRunner(runner, StopReason.Outdated)], Change(outdated: "a"));
    }

    [Fact]
    public void An_idle_runner_whose_file_was_replaced_is_stopped_with_this_reason_and_a_later_start_is_not()
    {
        RunnerId runner = _bed.LoadIdle(A, Seconds(-1));
        var replaced = new RunnersOutdated(new Dictionary<RunnerId, OutdatedReason> { [runner] = OutdatedReason.File });
        Assert.Equal([new StopRunner(runner, StopReason.Outdated) { Outdated = OutdatedReason.File }], _bed.Handle(replaced));
        _bed.Exit(runner);

        _bed.LoadIdle(A);
        Assert.Empty(_bed.Handle(replaced));
    }

    [Fact]
    public void A_busy_runner_of_a_changed_model_is_stopped_after_its_last_response_and_the_next_start_stays()
    {
        (RunnerId runner, RequestId busy) = _bed.Load(A);
        Assert.Empty(Change(outdated: "a"));
        _bed.Complete(busy);
        Assert.Equal([new StopRunner(runner, StopReason.Outdated)], _bed.Effects);
        _bed.Exit(runner);

        _bed.LoadIdle(A);
        Assert.Empty(_bed.Effects);
    }

    [Fact]
    public void A_runner_that_starts_for_requests_from_before_the_change_is_stopped_after_them()
    {
        RequestId first = _bed.Ask(A);
        RunnerId runner = _bed.Started();
        Change(outdated: "a");
        _bed.Ready(runner);
        Assert.Equal([new Admit(first, runner)], _bed.Effects);
        _bed.Complete(first);
        Assert.Equal([new StopRunner(runner, StopReason.Outdated)], _bed.Effects);
    }

    [Fact]
    public void A_runner_of_a_changed_model_that_has_the_new_settings_stays()
    {
        RunnerId current = _bed.LoadIdle(A, Seconds(-1));
        RunnerId other = _bed.LoadIdle(Key("a", RunnerMode.Embedding), Seconds(-1));

        IReadOnlyList<SchedulerEffect> effects = _bed.Handle(new ConfigurationChanged(new SchedulerSettings())
        {
            OutdatedModels = new HashSet<string> { "a" },
            CurrentRunners = new HashSet<RunnerId> { current },
        });

        Assert.Equal([new StopRunner(other, StopReason.Outdated)], effects);
        Assert.Equal(RunnerState.Ready, _bed.Status(A).State);
    }

    [Fact]
    public void A_failed_start_of_a_changed_model_is_forgotten()
    {
        _bed.Ask(A);
        _bed.Fail(_bed.Started());
        Change(outdated: "a");
        Assert.Empty(_bed.Runners);
        _bed.Ask(A);
        _bed.Started();
    }

    [Fact]
    public void A_model_whose_pin_is_removed_is_stopped_when_it_was_idle_long_enough()
    {
        RunnerId runner = _bed.LoadIdle(A, Seconds(-1));
        Assert.Empty(_bed.Handle(new ConfigurationChanged(new SchedulerSettings()) { KeepAlive = new Dictionary<string, TimeSpan> { ["a"] = Seconds(7) } }));
        Assert.Empty(_bed.Pass(Seconds(6)));
        Assert.Equal([new StopRunner(runner, StopReason.Idle)], _bed.Pass(Seconds(1)));
    }

    [Fact]
    public void A_pin_keeps_a_loaded_runner()
    {
        _bed.LoadIdle(A, Seconds(1));
        _bed.Handle(new ConfigurationChanged(new SchedulerSettings()) { KeepAlive = new Dictionary<string, TimeSpan> { ["a"] = Seconds(-1) } });
        Assert.Empty(_bed.Pass(Seconds(100)));
    }

    [Fact]
    public void Requests_that_wait_for_capacity_go_to_a_server_that_is_attached_meanwhile()
    {
        var bed = new SchedulerBed(new SchedulerSettings { MaxRunners = 1 });
        bed.Load(B);
        RequestId first = bed.Ask(A);
        RequestId second = bed.Ask(A);
        bed.Handle(new ConfigurationChanged(WithAttached with { MaxRunners = 1 }));
        Assert.Equal([new Admit(first, new RunnerId(-1)), new Admit(second, new RunnerId(-1))], bed.Effects);
        Assert.Equal(2, bed.Status(A).InFlight);
        bed.Complete(first);
        bed.Complete(second);
        Assert.Equal(0, bed.Status(A).InFlight);
    }

    [Fact]
    public void A_loaded_runner_gives_way_to_an_attached_server_of_its_key()
    {
        (RunnerId runner, RequestId busy) = _bed.Load(A, Seconds(-1));
        Assert.Empty(_bed.Handle(new ConfigurationChanged(WithAttached)));
        Assert.Equal(new RunnerId(-1), _bed.Send(A).Runner);
        _bed.Complete(busy);
        Assert.Equal([new StopRunner(runner, StopReason.Outdated)], _bed.Effects);
    }

    [Fact]
    public void The_shutdown_waits_for_requests_on_a_server_that_was_removed()
    {
        var bed = new SchedulerBed(WithAttached);
        RequestId running = bed.Ask(A);
        bed.Handle(new ConfigurationChanged(new SchedulerSettings()));
        Assert.Empty(bed.Handle(new ShutdownRequested()));
        bed.Complete(running);
        Assert.Equal([new ShutdownCompleted()], bed.Effects);
    }

    [Fact]
    public void A_measured_memory_budget_stays_until_the_next_measurement()
    {
        _bed.Handle(new MemoryMeasured(100));
        _bed.Load(A, memory: 80);
        _bed.Ask(B, memory: 80);
        Assert.Empty(_bed.Handle(new ConfigurationChanged(new SchedulerSettings { MaxRunners = 5 })));
        Assert.Equal(RunnerState.Waiting, _bed.Status(B).State);
        _bed.Handle(new ConfigurationChanged(new SchedulerSettings { MemoryBudgetBytes = 200 }));
        _bed.Started();
    }

    private IReadOnlyList<SchedulerEffect> Change(string outdated) =>
        _bed.Handle(new ConfigurationChanged(new SchedulerSettings()) { OutdatedModels = new HashSet<string> { outdated } });
}
