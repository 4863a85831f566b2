using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Ledger;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Ledger;

/// <summary>The measured memory of loads in the ledger.</summary>
public sealed class PeakLedgerTests : IDisposable
{
    private static readonly RunnerKey Key = new("llama.cpp", "a", RunnerMode.Completion);

    private readonly LedgerFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Measurements_continue_after_a_restart_in_the_order_of_the_loads()
    {
        for (int restart = 0; restart < 3; restart++)
            LoadOnce(100 + restart);

        Assert.Equal([100, 101, 102], Reopen().Find("a").Select(static load => load.ResidentBytes));
        Assert.Equal([-2, -1, 0], Reopen().Find("a").Select(static load => load.Load));
        Assert.Equal("1|2|3", _fixture.Execute("SELECT group_concat(load, '|') FROM peaks"));
    }

    [Fact]
    public void Loads_whose_lives_were_removed_stay_before_later_ones()
    {
        LoadOnce(100);
        LoadOnce(101);
        _fixture.Execute("DELETE FROM lives");
        LoadOnce(102);

        Assert.Equal([100, 101, 102], Reopen().Find("a").Select(static load => load.ResidentBytes));
        Assert.Equal(3L, _fixture.Execute("SELECT max(id) FROM lives"));
    }

    [Fact]
    public void All_members_are_stored()
    {
        LoadOnce(100);
        Assert.Equal([new LoadPeak("a", 0, 100, 7, HasServed: true)], Reopen().All);
    }

    [Fact]
    public void The_table_keeps_the_same_loads_as_the_memory()
    {
        var runners = new RunnerAccounts(maxModels: 10);
        using (RequestLedger ledger = Open(runners))
        {
            foreach ((int load, long bytes) in ((long[])[10, 900, 20, 30, 800, 40, 50, 60, 70, 80, 90]).Index())
            {
                runners.Peaks.Record(new LoadPeak("a", load + 1, bytes, null, HasServed: true));
                ledger.SaveMeasured();
            }
        }

        Assert.Equal([900, 800, 40, 50, 60, 70, 80, 90], Reopen().Find("a").Select(static load => load.ResidentBytes));
        Assert.Equal(runners.Peaks.All.Select(static load => load.ResidentBytes), Reopen().All.Select(static load => load.ResidentBytes));
    }

    [Fact]
    public void Measurements_of_90_days_ago_are_removed()
    {
        LoadOnce(100);
        _fixture.Time.Advance(TimeSpan.FromDays(91));
        Reopen();
        LoadOnce(50);

        Assert.Equal([50], Reopen().Find("a").Select(static load => load.ResidentBytes));
    }

    [Fact]
    public void A_ledger_that_is_made_anew_gets_them_again()
    {
        var runners = new RunnerAccounts(maxModels: 10);
        using (RequestLedger ledger = Open(runners))
        {
            Load(runners, ledger, 100);
            ledger.SaveMeasured();
            SpinWait.SpinUntil(() => Equals(_fixture.Execute("SELECT count(*) FROM peaks"), 1L), TimeSpan.FromSeconds(30));
            File.Delete(_fixture.FilePath);
            runners.Peaks.Record(new LoadPeak("b", 1, 7, null, HasServed: false));
            ledger.SaveMeasured();
        }

        Assert.Equal([100, 7], Reopen().All.Select(static load => load.ResidentBytes).OrderDescending());
    }

    private void LoadOnce(long bytes)
    {
        var runners = new RunnerAccounts(maxModels: 10);
        using RequestLedger ledger = Open(runners);
        Load(runners, ledger, bytes);
    }

    private void Load(RunnerAccounts runners, RequestLedger ledger, long bytes)
    {
        var lives = new RunnerLives(runners, ledger, _fixture.Time);
        lives.Begin(new StartRunner(new RunnerId(1), Key), new LoadSubject(null, Key, "llama-server", 0));
        runners.Peaks.Record(new LoadPeak("a", lives.NumberOf(new RunnerId(1)), bytes, 7, HasServed: true));
        lives.End(new RunnerEnded(new RunnerId(1), Key, StopReason.Idle), cpuTime: null);
    }

    private RequestLedger Open(RunnerAccounts runners) => _fixture.Open(new RequestAccounts(_fixture.Time), runners: runners);

    private MemoryPeaks Reopen() => _fixture.ReopenRunners().Peaks;
}
