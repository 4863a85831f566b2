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
    public void Neither_unload_nor_time_nor_shutdown_stops_them()
    {
        _bed.Complete(_bed.Ask(A));
        UnloadId unload = _bed.Unload();
        Assert.Equal([new UnloadCompleted(unload, 0)], _bed.Effects);
        Assert.Empty(_bed.Pass(TimeSpan.FromDays(1)));
        Assert.Equal([new ShutdownCompleted()], _bed.Handle(new ShutdownAsked()));
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
