using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Runners;
using ModelRunner.Daemon.Tests.Checks;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

/// <summary>Check 51: the clock of the machine is set by a day while runners are loaded and requests run. No limit of time is one of that clock.</summary>
public sealed class ClockJumpTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task Check_51_A_loaded_model_stays_for_its_keep_alive_whatever_the_clock_says(int days)
    {
        await using var bed = new PoolBed();
        (FakeRunner runner, RunnerLease lease) = await bed.LoadAsync("a");
        lease.Dispose();
        await bed.SettleAsync();
        bed.Clock.Offset = TimeSpan.FromDays(days);

        // The default of keepAlive is 5 minutes.
        bed.Time.Advance(TimeSpan.FromMinutes(4));
        await bed.SettleAsync();
        Assert.Equal(RunnerState.Ready, Assert.Single(bed.Pool.Runners).State);
        Assert.False(runner.StopAsked.IsCompleted);

        bed.Time.Advance(TimeSpan.FromMinutes(2));
        await runner.StopAsked.WaitAsync(bed.Limit);
        Figures.Print($"clock set by {days} d: loaded after 4 min, unloaded after 6 min");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public void Check_51_Times_of_a_request_are_elapsed_times(int days)
    {
        var time = new FakeTimeProvider();
        var clock = new SetClock(time);
        var accounts = new RequestAccounts(clock);
        RequestRecord record = accounts.Begin();
        accounts.Assign(record, new RunnerKey("llama.cpp", "a", RunnerMode.Completion));
        record.BeginWait();
        time.Advance(TimeSpan.FromSeconds(1));
        clock.Offset = TimeSpan.FromDays(days);
        record.EndWait();
        time.Advance(TimeSpan.FromSeconds(2));
        record.Outcome = RequestOutcome.Completed;

        EndedRequest ended = accounts.End(record)!;

        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3)), (ended.QueueWait, ended.Duration));
        Figures.Print($"clock set by {days} d: {ended.QueueWait!.Value.TotalSeconds} s in the queue, {ended.Duration.TotalSeconds} s in all");
    }
}
