using ModelRunner.Daemon.Accounting;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Accounting;

public sealed class RunnerAccountsTests
{
    [Fact]
    public void Processor_time_never_falls_and_continues_with_the_next_runner()
    {
        var accounts = new RunnerAccounts(maxModels: 10);
        RunnerAccount account = accounts.Begin(Key("a"), new RunnerId(1), DateTimeOffset.UnixEpoch);
        account.Measure(new RunnerId(1), TimeSpan.FromSeconds(5));
        account.Measure(new RunnerId(1), TimeSpan.FromSeconds(3));
        Assert.Equal(TimeSpan.FromSeconds(5), account.CpuTime);
        account.End(new RunnerId(1), TimeSpan.FromSeconds(7));
        account.Measure(new RunnerId(1), TimeSpan.FromSeconds(6));
        Assert.Equal(TimeSpan.FromSeconds(7), account.CpuTime);

        Assert.Same(account, accounts.Begin(Key("a"), new RunnerId(2), DateTimeOffset.UnixEpoch));
        account.Measure(new RunnerId(2), TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromSeconds(8), account.CpuTime);
        account.End(new RunnerId(2), cpuTime: null);
        Assert.Equal(TimeSpan.FromSeconds(8), account.CpuTime);
        Assert.False(account.IsLive);
    }

    [Fact]
    public void The_end_of_an_earlier_runner_does_not_change_the_current_one()
    {
        RunnerAccount account = new RunnerAccounts(maxModels: 10).Begin(Key("a"), new RunnerId(1), DateTimeOffset.UnixEpoch);
        account.Measure(new RunnerId(1), TimeSpan.FromSeconds(2));
        account.Begin(new RunnerId(2), 0);
        account.End(new RunnerId(1), TimeSpan.FromSeconds(100));

        Assert.True(account.IsLive);
        Assert.Equal(TimeSpan.FromSeconds(2), account.CpuTime);
    }

    [Fact]
    public void Of_too_many_models_the_one_that_was_started_first_is_folded_and_no_sum_changes()
    {
        var accounts = new RunnerAccounts(maxModels: 2);
        for (int runner = 1; runner <= 5; runner++)
        {
            RunnerAccount account = accounts.Begin(Key($"m{runner}"), new RunnerId(runner), DateTimeOffset.UnixEpoch);
            account.Add(LoadResult.Loaded, 1, 0);
            account.LoadDuration.Add(TimeSpan.FromSeconds(runner));
            account.End(new RunnerId(runner), TimeSpan.FromSeconds(runner));
        }

        RunnerAccountTable table = accounts.Table;

        Assert.Equal([Key("m4"), Key("m5")], table.Models.Select(static account => account.Key!.Value));
        Assert.Equal((3, 6.0, TimeSpan.FromSeconds(6)), (table.Other!.Loads(LoadResult.Loaded), table.Other.LoadDuration.Sum, table.Other.CpuTime));
    }

    [Fact]
    public void A_hidden_model_returns_with_its_totals()
    {
        var accounts = new RunnerAccounts(maxModels: 1);
        foreach ((int runner, string model) in (ReadOnlySpan<(int, string)>)[(1, "a"), (2, "b"), (3, "a")])
        {
            RunnerAccount account = accounts.Begin(Key(model), new RunnerId(runner), DateTimeOffset.UnixEpoch);
            account.Add(StopReason.Idle, 1, 0);
            account.End(new RunnerId(runner), TimeSpan.FromSeconds(1));
        }

        Assert.Equal((2, TimeSpan.FromSeconds(2)), (accounts.Table.Models[0].Stops(StopReason.Idle), accounts.Table.Models[0].CpuTime));
        Assert.Equal((1, TimeSpan.FromSeconds(1)), (accounts.Table.Other!.Stops(StopReason.Idle), accounts.Table.Other.CpuTime));
    }

    [Fact]
    public void A_model_whose_last_stop_is_not_counted_yet_is_not_hidden()
    {
        var accounts = new RunnerAccounts(maxModels: 1);
        RunnerAccount account = accounts.Begin(Key("a"), new RunnerId(1), DateTimeOffset.UnixEpoch);
        account.End(new RunnerId(1), cpuTime: null);
        var sums = new RunnerAccount(key: null);
        sums.Add(StopReason.Idle, 1, 0);
        var change = new RunnerChange(new RunnerLife(1, Key("a"), "llama-server", DateTimeOffset.UnixEpoch), account, sums);
        accounts.Begin(Key("b"), new RunnerId(2), DateTimeOffset.UnixEpoch);
        change.Count();
        change.Count();

        Assert.Null(accounts.Table.Other);
        Assert.Equal(1, accounts.Table.Models[0].Stops(StopReason.Idle));
    }

    [Fact]
    public void A_model_with_a_runner_is_not_folded()
    {
        var accounts = new RunnerAccounts(maxModels: 1);
        accounts.Begin(Key("a"), new RunnerId(1), DateTimeOffset.UnixEpoch);
        accounts.Begin(Key("b"), new RunnerId(2), DateTimeOffset.UnixEpoch).End(new RunnerId(2), TimeSpan.FromSeconds(2));
        accounts.Begin(Key("c"), new RunnerId(3), DateTimeOffset.UnixEpoch);

        Assert.Equal([Key("a"), Key("c")], accounts.Table.Models.Select(static account => account.Key!.Value));
        Assert.Equal(TimeSpan.FromSeconds(2), accounts.Table.Other!.CpuTime);
    }

    private static RunnerKey Key(string model) => new("llama.cpp", model, RunnerMode.Completion);
}
