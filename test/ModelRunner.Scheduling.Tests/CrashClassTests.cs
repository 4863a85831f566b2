using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

public class CrashClassTests
{
    private readonly SchedulerBed _bed = new(new SchedulerSettings { MaxRunners = 1 });

    [Fact]
    public void A_reason_has_a_class_if_and_only_if_the_end_was_not_asked_for()
    {
        foreach (StopReason reason in Enum.GetValues<StopReason>())
            Assert.Equal(reason.IsRequested(), CrashClasses.Of(reason) is null);
        Assert.Equal(
            [StopReason.Idle, StopReason.Evicted, StopReason.Unloaded, StopReason.Shutdown, StopReason.Outdated],
            Enum.GetValues<StopReason>().Where(static reason => reason.IsRequested()));
    }

    [Fact]
    public void Each_class_has_its_own_label_value() => Assert.Equal(
        ["signal", "out_of_memory", "missing_library", "bad_model", "engine_too_old", "killed_by_daemon", "other"],
        Enum.GetValues<CrashClass>().Select(static crash => crash.ToLabelValue()));

    [Fact]
    public void The_end_of_a_runner_has_the_class_of_its_failure()
    {
        RunnerId killed = _bed.LoadIdle(A);
        _bed.Handle(new RunnerExited(killed, new RunnerFailure(StopReason.Killed, "killed") { Class = CrashClass.OutOfMemory }));
        RunnerEnded first = Assert.Single(_bed.Effects.OfType<RunnerEnded>());
        _bed.Ask(B);
        _bed.Handle(new RunnerFailed(_bed.Started(), new RunnerFailure(StopReason.NotStarted, "no library") { Class = CrashClass.MissingLibrary }));
        RunnerEnded second = Assert.Single(_bed.Effects.OfType<RunnerEnded>());

        Assert.Equal((CrashClass.OutOfMemory, CrashClass.MissingLibrary), (first.Crash, second.Crash));
    }

    [Fact]
    public void A_runner_that_the_daemon_had_to_end_is_a_crash_and_one_that_crashes_while_it_is_stopped_is_none()
    {
        (RunnerId stuck, _) = _bed.Load(A);
        _bed.Ask(B);
        _bed.Pass(Seconds(5));
        _bed.Handle(new RunnerStuck(stuck, "no response"));
        _bed.Exit(stuck);
        RunnerId unloaded = _bed.Started();
        _bed.Ready(unloaded);
        _bed.Handle(new RunnerUnreachable(unloaded, "no socket"));
        _bed.Unload("b");
        _bed.Pass(new SchedulerSettings().UnloadDrain);
        _bed.Exit(unloaded, "ended by SIGSEGV", StopReason.Crashed);

        Assert.Equal([StopReason.Stuck, StopReason.Unloaded], _bed.Ends.Select(static end => end.Reason));
        Assert.Equal([CrashClass.KilledByDaemon, null], _bed.Ends.Select(static end => end.Crash));
    }

    [Fact]
    public void A_stalled_runner_is_stopped_only_if_it_is_to_be_restarted_and_the_next_request_starts_it()
    {
        (RunnerId stalled, _) = _bed.Load(A);
        Assert.Empty(_bed.Handle(new RunnerStalled(stalled, "nothing moved", Restarts: false)));

        StopRunner stop = Assert.IsType<StopRunner>(Assert.Single(_bed.Handle(new RunnerStalled(stalled, "nothing moved", Restarts: true))));
        _bed.Ask(A);
        _bed.Exit(stalled);

        Assert.Equal((StopReason.Stalled, "nothing moved, so it was stopped"), (stop.Reason, stop.Failure?.Message));
        Assert.Equal((StopReason.Stalled, CrashClass.KilledByDaemon), (_bed.Ends[^1].Reason, _bed.Ends[^1].Crash));
        Assert.NotEqual(stalled, _bed.Started());
    }
}
