using Microsoft.Data.Sqlite;
using ModelRunner.Configuration;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Ledger;

/// <summary>Runners in the ledger, and their totals.</summary>
public sealed class RunnerLedgerTests : IDisposable
{
    private static readonly RunnerKey Key = new("llama.cpp", "a", RunnerMode.Completion);

    private readonly LedgerFixture _fixture = new();
    private readonly RunnerAccounts _runners = new(maxModels: 10);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Each_runner_has_a_row_from_its_start_to_its_end()
    {
        using RequestLedger ledger = Open();
        RunnerLives lives = LivesOf(ledger);
        lives.Begin(new StartRunner(new RunnerId(1), Key), new LoadSubject(null, Key, "llama-server", 0));
        await CountedAsync(lives);
        Assert.Equal("llama-server||", Row(1));

        _fixture.Time.Advance(TimeSpan.FromSeconds(2));
        lives.BecomeReady(new RunnerId(1), "b1-abc");
        await CountedAsync(lives);
        Assert.Equal("llama-server|2000|", Row(1));
        Assert.Equal("b1-abc", _fixture.Execute("SELECT version FROM lives WHERE id = 1"));

        _fixture.Time.Advance(TimeSpan.FromSeconds(3));
        lives.End(new RunnerEnded(new RunnerId(1), Key, StopReason.Idle), TimeSpan.FromSeconds(1), new RunnerCounts(7, null));
        lives.Begin(new StartRunner(new RunnerId(2), Key), new LoadSubject(null, Key, "vllm", 0));
        lives.End(new RunnerEnded(new RunnerId(2), Key, StopReason.OutOfMemory), cpuTime: null);
        await CountedAsync(lives);

        Assert.Equal("llama-server|2000|5000|idle|7|", Row(1));
        Assert.Equal("vllm||0|out_of_memory||", Row(2));
        Assert.Equal("b1-abc", _fixture.Execute("SELECT group_concat(version) FROM lives"));
        Assert.Equal("a|completion", _fixture.Execute("SELECT model || '|' || mode FROM lives JOIN accounts ON account = accounts.id LIMIT 1"));
    }

    [Fact]
    public async Task Runners_without_an_end_are_lost_at_the_next_start_and_the_next_ones_get_new_rows()
    {
        using (RequestLedger ledger = Open())
        {
            RunnerLives lives = LivesOf(ledger);
            lives.Begin(new StartRunner(new RunnerId(1), Key), new LoadSubject(null, Key, "llama-server", 0));
            await CountedAsync(lives);
        }

        _fixture.Time.Advance(TimeSpan.FromMinutes(1));
        using (RequestLedger ledger = Open())
        {
            var lives = new RunnerLives(new RunnerAccounts(maxModels: 1), ledger, _fixture.Time);
            lives.Begin(new StartRunner(new RunnerId(1), Key), new LoadSubject(null, Key, "llama-server", 0));
            await CountedAsync(lives);
        }

        Assert.Equal("llama-server||60000|lost||", Row(1));
        Assert.Equal("llama-server||", Row(2));
        _fixture.ReopenRunners();
        Assert.Equal("llama-server||60000|lost||", Row(1));
        Assert.Equal("llama-server||0|lost||", Row(2));
    }

    [Fact]
    public async Task The_times_of_loads_are_known_after_a_restart_for_each_engine()
    {
        using (RequestLedger ledger = Open())
        {
            RunnerLives lives = LivesOf(ledger);
            foreach ((string engine, int seconds) in new[] { ("llama-server", 2), ("llama-server", 4), ("slow", 7) })
            {
                lives.Begin(new StartRunner(new RunnerId(1), Key), new LoadSubject("a", Key, engine, 100));
                _fixture.Time.Advance(TimeSpan.FromSeconds(seconds));
                lives.BecomeReady(new RunnerId(1));
                lives.End(new RunnerEnded(new RunnerId(1), Key, StopReason.Idle), cpuTime: null);
            }

            await CountedAsync(lives);
        }

        LoadTimes loads = _fixture.ReopenRunners().Loads;
        Assert.Equal(TimeSpan.FromSeconds(3), loads.Expect(new LoadSubject("a", Key, "llama-server", 100)));
        Assert.Equal(TimeSpan.FromSeconds(7), loads.Expect(new LoadSubject("a", Key, "slow", 100)));
        Assert.Null(loads.Expect(new LoadSubject("b", Key with { Model = "b" }, "slow", 100)));
    }

    [Fact]
    public async Task Totals_of_runners_continue_after_a_restart()
    {
        using (RequestLedger ledger = Open())
            await LiveAsync(LivesOf(ledger), count: 3);

        string described = LedgerFixture.Describe(_runners);
        Assert.Contains("loads/loaded 3\nstops/unloaded 3\nload_duration/2.5 3\nload_duration/sum 60000000\nrunner_cpu/sum 30000000\n", described, StringComparison.Ordinal);
        RunnerAccounts next = _fixture.ReopenRunners();
        Assert.Equal(described, LedgerFixture.Describe(next));
        using (RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time), runners: next))
            await LiveAsync(new RunnerLives(next, ledger, _fixture.Time), count: 1);
        Assert.Contains("loads/loaded 4\n", LedgerFixture.Describe(_fixture.ReopenRunners()), StringComparison.Ordinal);
        Assert.Contains("runner_cpu/sum 40000000\n", LedgerFixture.Describe(_fixture.ReopenRunners()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Processor_time_that_is_zero_keeps_the_time_at_which_it_began()
    {
        long began = _fixture.Time.GetUtcNow().ToUnixTimeMilliseconds();
        using (RequestLedger ledger = Open())
            await FailAsync(LivesOf(ledger));
        Assert.Equal(began, CpuBeganAt(_runners));

        for (int restart = 0; restart < 3; restart++)
        {
            RunnerAccounts next = _fixture.ReopenRunners();
            Assert.Equal(began, CpuBeganAt(next));
            using RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time), runners: next);
            await FailAsync(new RunnerLives(next, ledger, _fixture.Time));
            Assert.Equal(began, CpuBeganAt(next));
        }

        // It is stored when the runner starts: the daemon may be killed before the runner is counted for something else.
        using (RequestLedger ledger = Open())
        {
            RunnerLives lives = LivesOf(ledger);
            lives.Begin(new StartRunner(new RunnerId(1), Key with { Model = "b" }), new LoadSubject(null, Key with { Model = "b" }, "llama-server", 0));
            await CountedAsync(lives);
            Assert.Equal(
                _fixture.Time.GetUtcNow().ToUnixTimeMilliseconds(),
                _fixture.Execute("SELECT began FROM totals JOIN accounts ON account = accounts.id WHERE model = 'b' AND series = 'runner_cpu/sum' AND value = 0"));
        }
    }

    [Fact]
    public async Task A_ledger_that_has_no_processor_time_of_a_model_gives_it_the_time_of_its_first_stop()
    {
        using (RequestLedger ledger = Open())
            await FailAsync(LivesOf(ledger));
        long failed = _fixture.Time.GetUtcNow().ToUnixTimeMilliseconds();
        _fixture.Execute("DELETE FROM totals WHERE series = 'runner_cpu/sum'");

        for (int restart = 0; restart < 3; restart++)
        {
            RunnerAccounts next = _fixture.ReopenRunners();
            Assert.Equal(failed, CpuBeganAt(next));
            using RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time), runners: next);
            await FailAsync(new RunnerLives(next, ledger, _fixture.Time));
            Assert.Equal(failed, CpuBeganAt(next));
        }
    }

    [Fact]
    public async Task A_counted_load_or_stop_is_in_the_database()
    {
        using RequestLedger ledger = Open();
        RunnerLives lives = LivesOf(ledger);
        for (int i = 1; i <= 10; i++)
        {
            await LiveAsync(lives, count: 1);
            Assert.Equal(i, Assert.Single(_runners.Table.Models).Stops(StopReason.Unloaded));
            Assert.Equal((long)i, _fixture.Execute("SELECT value FROM totals WHERE series = 'stops/unloaded'"));
            Assert.Equal((long)i, _fixture.Execute("SELECT value FROM totals WHERE series = 'loads/loaded'"));
        }
    }

    [Fact]
    public async Task Processor_time_of_a_runner_is_stored_when_it_was_measured()
    {
        using RequestLedger ledger = Open();
        RunnerAccount account = _runners.Begin(Key, new RunnerId(1), DateTimeOffset.UnixEpoch);
        account.Measure(new RunnerId(1), TimeSpan.FromSeconds(2));
        ledger.SaveMeasured();
        await WaitForCpuAsync(20_000_000);
        account.Measure(new RunnerId(1), TimeSpan.FromSeconds(5));
        ledger.SaveMeasured();
        await WaitForCpuAsync(50_000_000);
        Assert.False(_runners.HasNewCpu);
    }

    [Fact]
    public async Task A_locked_database_delays_no_count_and_nothing_is_lost_or_counted_twice()
    {
        using (RequestLedger ledger = Open())
        {
            RunnerLives lives = LivesOf(ledger);
            using (SqliteConnection other = _fixture.Connect())
            {
                using SqliteCommand command = other.CreateCommand();
                command.CommandText = "BEGIN EXCLUSIVE";
                command.ExecuteNonQuery();
                await LiveAsync(lives, count: 2);
                await DaemonFixture.WaitUntilAsync(() => Task.FromResult(!ledger.Status!.IsUp), DaemonFixture.Patience);
            }

            await LiveAsync(lives, count: 1);
        }

        Assert.Contains("loads/loaded 3\nstops/unloaded 3\n", LedgerFixture.Describe(_runners), StringComparison.Ordinal);
        Assert.Equal(LedgerFixture.Describe(_runners), LedgerFixture.Describe(_fixture.ReopenRunners()));
        Assert.Equal(3L, _fixture.Execute("SELECT count(*) FROM lives WHERE cause = 'unloaded'"));
    }

    [Fact]
    public async Task A_database_that_was_removed_is_made_again_with_all_totals_and_running_runners()
    {
        using (RequestLedger ledger = Open())
        {
            RunnerLives lives = LivesOf(ledger);
            await LiveAsync(lives, count: 2);
            lives.Begin(new StartRunner(new RunnerId(9), Key with { Model = "b" }), new LoadSubject(null, Key with { Model = "b" }, "llama-server", 0));
            await CountedAsync(lives);
            foreach (string suffix in (string[])["", "-wal", "-shm"])
                File.Delete(_fixture.FilePath + suffix);
            await LiveAsync(lives, count: 1);
            await DaemonFixture.WaitUntilAsync(
                () =>
                {
                    _fixture.Time.Advance(TimeSpan.FromSeconds(1));
                    ledger.SaveMeasured();
                    return Task.FromResult(_fixture.HasTables && _fixture.Execute("SELECT count(*) FROM lives WHERE ended IS NULL") is 1L);
                },
                DaemonFixture.Patience);
        }

        Assert.Equal(LedgerFixture.Describe(_runners).Split('\n').Take(6), LedgerFixture.Describe(_fixture.ReopenRunners()).Split('\n').Take(6));
    }

    [Fact]
    public async Task Old_runners_are_removed_and_their_totals_stay()
    {
        var settings = new LedgerSettings { MaxAge = TimeSpan.FromHours(1) };
        using RequestLedger ledger = _fixture.Open(new RequestAccounts(_fixture.Time), settings, _runners);
        RunnerLives lives = LivesOf(ledger);
        await LiveAsync(lives, count: 3);
        _fixture.Time.Advance(TimeSpan.FromHours(2));
        await LiveAsync(lives, count: 1);
        await _fixture.CountAsync(ledger);

        await DaemonFixture.WaitUntilAsync(
            () =>
            {
                _fixture.Time.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(_fixture.Execute("SELECT count(*) FROM lives") is 1L);
            },
            DaemonFixture.Patience);
        Assert.Equal(4, Assert.Single(_runners.Table.Models).Stops(StopReason.Unloaded));
        Assert.Equal(4L, _fixture.Execute("SELECT value FROM totals WHERE series = 'stops/unloaded'"));
    }

    private RequestLedger Open() => _fixture.Open(new RequestAccounts(_fixture.Time), runners: _runners);

    private RunnerLives LivesOf(RequestLedger ledger) => new(_runners, ledger, _fixture.Time);

    private static Task CountedAsync(RunnerLives lives) => lives.Counted.WaitAsync(DaemonFixture.Patience, Cancellation);

    // Runners that load for two seconds and use one second of a processor.
    private async Task LiveAsync(RunnerLives lives, int count)
    {
        for (int runner = 1; runner <= count; runner++)
        {
            lives.Begin(new StartRunner(new RunnerId(runner), Key), new LoadSubject(null, Key, "llama-server", 0));
            _fixture.Time.Advance(TimeSpan.FromSeconds(2));
            lives.BecomeReady(new RunnerId(runner));
            lives.End(new RunnerEnded(new RunnerId(runner), Key, StopReason.Unloaded), TimeSpan.FromSeconds(1));
        }

        await CountedAsync(lives);
    }

    private static long CpuBeganAt(RunnerAccounts accounts) => Assert.Single(accounts.Table.Models).CpuBeganAt;

    // A start that fails after two seconds and uses no processor time.
    private async Task FailAsync(RunnerLives lives)
    {
        lives.Begin(new StartRunner(new RunnerId(1), Key), new LoadSubject(null, Key, "llama-server", 0));
        _fixture.Time.Advance(TimeSpan.FromSeconds(2));
        lives.End(new RunnerEnded(new RunnerId(1), Key, StopReason.NotStarted), cpuTime: null);
        await CountedAsync(lives);
    }

    private Task WaitForCpuAsync(long ticks) => DaemonFixture.WaitUntilAsync(
        () => Task.FromResult(_fixture.Execute("SELECT value FROM totals WHERE series = 'runner_cpu/sum'") is long value && value == ticks),
        DaemonFixture.Patience);

    private string Row(long id) => (string)_fixture.Execute($"""
        SELECT engine || '|' || ifnull(ready - started, '') || '|' || ifnull((ended - started) || '|' || cause || '|' || ifnull(prompt, '') || '|'
            || ifnull(generated, ''), '') FROM lives WHERE id = {id}
        """)!;
}
