using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

public class ShutdownTests
{
    private readonly SchedulerBed _bed = new(new SchedulerSettings { MaxRunners = 3 });

    [Fact]
    public void With_no_runner_it_completes_at_once_and_once()
    {
        Assert.Equal([new ShutdownCompleted()], _bed.Handle(new ShutdownRequested()));
        Assert.Empty(_bed.Handle(new ShutdownRequested()));
        _bed.Ask(A);
        Assert.Equal(RefusalReason.ShuttingDown, _bed.Refusal().Reason);
    }

    [Fact]
    public void Waiting_requests_are_refused_and_admitted_ones_end_before_their_runner_stops()
    {
        (RunnerId busy, RequestId stream) = _bed.Load(A);
        RunnerId idle = _bed.LoadIdle(B);
        RequestId waiting = _bed.Ask(C);
        RunnerId loading = _bed.Started();
        _bed.Handle(new ShutdownRequested());
        Assert.Equal((waiting, RefusalReason.ShuttingDown), (_bed.Refusal().Request, _bed.Refusal().Reason));
        Assert.Equal([idle, loading], _bed.Effects.OfType<StopRunner>().Select(static stop => stop.Runner).Order(Comparer<RunnerId>.Create(
            static (left, right) => left.Value.CompareTo(right.Value))));
        _bed.Exit(idle);
        _bed.Fail(loading);
        Assert.Empty(_bed.Effects);
        _bed.Complete(stream);
        Assert.Equal([new StopRunner(busy, StopReason.Shutdown)], _bed.Effects);
        _bed.Exit(busy);
        Assert.Equal([new ShutdownCompleted()], _bed.Effects);
    }

    [Fact]
    public void A_second_word_stops_busy_runners_too()
    {
        (RunnerId busy, _) = _bed.Load(A);
        Assert.Equal([new CheckRunner(busy)], _bed.Handle(new ShutdownRequested()));
        Assert.Equal([new StopRunner(busy, StopReason.Shutdown)], _bed.Handle(new ShutdownRequested()));
        _bed.Exit(busy);
        Assert.Equal([new ShutdownCompleted()], _bed.Effects);
    }

    [Fact]
    public void Requests_on_attached_runners_are_waited_for()
    {
        var bed = new SchedulerBed(new SchedulerSettings { Attached = [new(new RunnerId(-1), A)] });
        RequestId stream = bed.Ask(A);
        Assert.Empty(bed.Handle(new ShutdownRequested()));
        bed.Complete(stream);
        Assert.Equal([new ShutdownCompleted()], bed.Effects);
    }
}
