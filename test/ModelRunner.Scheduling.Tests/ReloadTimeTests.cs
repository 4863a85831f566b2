using static ModelRunner.Scheduling.Tests.SchedulerBed;

namespace ModelRunner.Scheduling.Tests;

/// <summary>The model whose next load costs least makes room. All its loads tell that, and not only the last one.</summary>
public class ReloadTimeTests
{
    private readonly SchedulerBed _bed = new(new SchedulerSettings { MaxRunners = 2, SwapDelay = TimeSpan.Zero, MinStay = TimeSpan.Zero });

    [Theory]
    [InlineData(null, null, "b")]
    [InlineData(60, null, "b")]
    [InlineData(1, 30, "a")]
    [InlineData(30, 1, "b")]
    public void What_the_next_load_is_expected_to_take_decides_and_not_the_last_load(int? ofA, int? ofB, string stopped)
    {
        // The last load of a took 10 s, that of b 1 s.
        Load(A, 10, ofA);
        Load(B, 1, ofB);

        _bed.Ask(C);
        _bed.Pass(TimeSpan.FromSeconds(20));

        RunnerStatus left = Assert.Single(_bed.Runners, static runner => runner.State == RunnerState.Ready);
        Assert.NotEqual(stopped, left.Key.Model);
    }

    private void Load(RunnerKey key, int seconds, int? expected)
    {
        RequestId request = _bed.Ask(key);
        RunnerId runner = _bed.Started();
        _bed.Pass(TimeSpan.FromSeconds(seconds));
        _bed.Handle(new RunnerReady(runner) { ExpectedLoad = expected is { } time ? TimeSpan.FromSeconds(time) : null });
        _bed.Complete(request);
    }
}
