using ModelRunner.Daemon.Metrics;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Scraping;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Metrics;

public sealed class CounterTableTests
{
    [Fact]
    public void A_counter_continues_when_its_runner_returns()
    {
        var table = new CounterTable(TimeProvider.System);
        table.Of(Runner(1, "m")).CountFailure(ScrapeFailureReason.Timeout);

        table.Trim([]);

        Assert.Equal(1, table.Of(Runner(2, "m")).Failures[(int)ScrapeFailureReason.Timeout]);
    }

    [Fact]
    public void Replicas_have_separate_counters()
    {
        var table = new CounterTable(TimeProvider.System);
        table.Of(Runner(1, "m") with { Replica = "a" }).CountFailure(ScrapeFailureReason.Timeout);

        Assert.Equal(0, table.Of(Runner(2, "m") with { Replica = "b" }).Failures[(int)ScrapeFailureReason.Timeout]);
    }

    [Fact]
    public void Of_too_many_removed_runners_none_is_kept_and_present_ones_keep_counting()
    {
        var table = new CounterTable(TimeProvider.System);
        RunnerSnapshot present = Runner(1, "present");
        table.Of(present).CountFailure(ScrapeFailureReason.Timeout);
        for (int i = 0; i < 1000; i++)
            table.Of(Runner(i + 2, $"gone-{i}")).CountFailure(ScrapeFailureReason.Timeout);

        table.Trim([present]);

        Assert.Equal(1, table.Of(present).Failures[(int)ScrapeFailureReason.Timeout]);
        Assert.Equal(0, table.Of(Runner(2000, "gone-0")).Failures[(int)ScrapeFailureReason.Timeout]);
    }

    private static RunnerSnapshot Runner(long id, string model) => new()
    {
        Id = new RunnerId(id),
        Key = new RunnerKey("llama.cpp", model, RunnerMode.Completion),
        State = RunnerState.Ready,
        IsAttached = true,
        Engine = "attached",
    };
}
