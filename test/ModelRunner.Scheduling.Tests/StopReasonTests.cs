using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

public class StopReasonTests
{
    private readonly SchedulerBed _bed = new(new SchedulerSettings { MaxRunners = 1 });

    private StopReason[] Reasons => [.. _bed.Ends.Select(static end => end.Reason)];

    [Fact]
    public void A_stopped_runner_ends_with_the_reason_of_its_stop()
    {
        RunnerId idle = _bed.LoadIdle(A);
        _bed.Pass(TimeSpan.FromMinutes(5));
        _bed.Exit(idle);
        RunnerId evicted = _bed.LoadIdle(A);
        _bed.Ask(B);
        _bed.Exit(evicted);
        RunnerId unloaded = _bed.Started();
        _bed.Ready(unloaded);
        _bed.Unload("b");
        _bed.Pass(new SchedulerSettings().UnloadDrain);
        _bed.Exit(unloaded);
        RunnerId outdated = _bed.LoadIdle(A);
        _bed.Handle(new ConfigurationChanged(new SchedulerSettings()) { OutdatedModels = new HashSet<string> { "a" } });
        _bed.Exit(outdated);
        RunnerId atShutdown = _bed.LoadIdle(A);
        _bed.Handle(new ShutdownRequested());
        _bed.Exit(atShutdown);

        Assert.Equal([StopReason.Idle, StopReason.Evicted, StopReason.Unloaded, StopReason.Outdated, StopReason.Shutdown], Reasons);
        Assert.Equal([idle, evicted, unloaded, outdated, atShutdown], _bed.Ends.Select(static end => end.Runner));
        Assert.Equal([A, A, B, A, A], _bed.Ends.Select(static end => end.Key));
    }

    [Fact]
    public void A_runner_that_requests_cannot_use_ends_with_that_reason_and_has_it_as_its_failure()
    {
        (RunnerId stuck, _) = _bed.Load(A);
        _bed.Ask(B);
        _bed.Pass(Seconds(5));
        _bed.Handle(new RunnerStuck(stuck, "no response"));
        _bed.Exit(stuck);
        Assert.Equal(new RunnerFailure(StopReason.Stuck, "no response"), _bed.Status(A).Failure);
        RunnerId unreachable = _bed.Started();
        _bed.Ready(unreachable);
        _bed.Handle(new RunnerUnreachable(unreachable, "no socket"));
        _bed.Pass(new SchedulerSettings().UnloadDrain);
        _bed.Exit(unreachable);

        Assert.Equal(new RunnerFailure(StopReason.Unreachable, "no socket"), _bed.Status(B).Failure);
        Assert.Equal([StopReason.Stuck, StopReason.Unreachable], Reasons);
    }

    [Fact]
    public void A_runner_that_ends_by_itself_ends_with_the_reason_of_its_failure()
    {
        _bed.Exit(_bed.LoadIdle(A), "killed by signal 9", StopReason.Killed);

        Assert.Equal([StopReason.Killed], Reasons);
        Assert.Equal(new RunnerFailure(StopReason.Killed, "killed by signal 9"), _bed.Status(A).Failure);
    }

    [Fact]
    public void A_failed_start_and_the_refusals_because_of_it_have_its_reason()
    {
        _bed.Ask(A);
        _bed.Fail(_bed.Started(), "exit code 1: out of memory", StopReason.OutOfMemory);
        Assert.Equal((RefusalReason.StartFailed, StopReason.OutOfMemory), (_bed.Refusal().Reason, _bed.Refusal().FailureReason));
        _bed.Ask(A);

        Assert.Equal((RefusalReason.Backoff, StopReason.OutOfMemory), (_bed.Refusal().Reason, _bed.Refusal().FailureReason));
        Assert.Equal([StopReason.OutOfMemory], Reasons);
    }

    [Fact]
    public void A_start_that_is_stopped_ends_with_the_reason_of_the_stop()
    {
        _bed.Ask(A);
        RunnerId runner = _bed.Started();
        _bed.Unload("a");
        Assert.Null(_bed.Refusal().FailureReason);
        _bed.Fail(runner, "killed by signal 15", StopReason.Crashed);

        Assert.Equal([StopReason.Unloaded], Reasons);
    }

    [Fact]
    public void Each_reason_has_its_own_label_value_in_snake_case()
    {
        string[] values = [.. Enum.GetValues<StopReason>().Select(static reason => reason.ToLabelValue())];

        Assert.Equal(values.Length, values.Distinct(StringComparer.Ordinal).Count());
        Assert.All(values, static value => Assert.Matches("^[a-z]+(_[a-z]+)*$", value));
        Assert.Equal("out_of_memory", StopReason.OutOfMemory.ToLabelValue());
    }
}
