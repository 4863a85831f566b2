using Microsoft.Extensions.Time.Testing;
using ModelRunner.Daemon.Accounting;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Accounting;

public sealed class LoadTimesTests
{
    private const string Server = "llama-server";
    private static readonly RunnerKey Fox = KeyOf("fox:latest");

    private readonly LoadTimes _times = new();

    [Fact]
    public void Nothing_is_expected_before_the_first_load() => Assert.Null(_times.Expect(Subject(Fox, Server)));

    [Fact]
    public void Another_engine_has_its_own_time()
    {
        for (int i = 0; i < 50; i++)
            Add(Subject(Fox, Server), 0.1);
        Add(Subject(Fox, "slow"), 7);

        Assert.Equal(7, Expect(Subject(Fox, "slow")));
        Assert.Equal(0.1, Expect(Subject(Fox, Server)), 3);
    }

    [Fact]
    public void Other_arguments_have_their_own_time()
    {
        Add(Subject(Fox, Server, "mapped"), 1);
        Add(Subject(Fox, Server, "read"), 9);

        Assert.Equal((1, 9), (Expect(Subject(Fox, Server, "mapped")), Expect(Subject(Fox, Server, "read"))));
    }

    [Fact]
    public void A_change_is_followed_after_a_few_loads()
    {
        for (int i = 0; i < 1000; i++)
            Add(Subject(Fox, Server), 0.1);
        Add(Subject(Fox, Server), 8.1);
        Assert.InRange(Expect(Subject(Fox, Server)), 4, 4.2);
        for (int i = 0; i < 4; i++)
            Add(Subject(Fox, Server), 8.1);

        Assert.InRange(Expect(Subject(Fox, Server)), 7.8, 8.1);
    }

    [Fact]
    public void Without_the_same_arguments_the_same_engine_counts_and_then_the_engine_of_the_last_load()
    {
        Add(Subject(Fox, Server, "a"), 2);
        Add(Subject(Fox, "slow", "b"), 7);
        Add(Subject(Fox, "fast", "c"), 1);

        Assert.Equal(7, Expect(Subject(Fox, "slow", "new")));
        Assert.Equal(1, Expect(Subject(Fox, "new", "new")));
    }

    [Fact]
    public void A_model_that_was_never_loaded_is_compared_with_the_one_of_the_most_similar_size()
    {
        Add(Subject(KeyOf("small"), Server, "a") with { WeightBytes = 100 }, 1);
        Add(Subject(KeyOf("large"), Server, "b") with { WeightBytes = 1000 }, 6);
        Add(Subject(KeyOf("other"), "slow", "c") with { WeightBytes = 2000 }, 90);

        Assert.Equal(12, Expect(Subject(Fox, Server) with { WeightBytes = 2000 }));
        Assert.Equal(6, Expect(Subject(Fox, Server) with { WeightBytes = 900 }));
        Assert.Equal(1, Expect(Subject(Fox, Server) with { WeightBytes = 10 }));
        Assert.Equal(90, Expect(Subject(Fox, "slow") with { WeightBytes = 10 }));
        Assert.Null(_times.Expect(Subject(Fox, Server) with { WeightBytes = 0 }));
    }

    [Fact]
    public void A_larger_file_of_the_same_name_takes_longer_in_proportion()
    {
        Add(Subject(Fox, Server, "old") with { WeightBytes = 100 }, 2);

        Assert.Equal(6, Expect(Subject(Fox, Server, "new") with { WeightBytes = 300 }));
    }

    [Fact]
    public void What_was_loaded_least_recently_is_forgotten()
    {
        for (int i = 0; i <= LoadTimes.MaxEntries; i++)
            Add(Subject(KeyOf($"m{i}"), Server, $"m{i}") with { WeightBytes = 0 }, 1);

        Assert.Null(_times.Expect(Subject(KeyOf("m0"), Server, "m0") with { WeightBytes = 0 }));
        Assert.Equal(1, Expect(Subject(KeyOf("m1"), Server, "m1")));
    }

    [Fact]
    public void Of_a_load_that_has_begun_the_rest_is_expected_with_what_it_was_started_with()
    {
        var time = new FakeTimeProvider();
        var accounts = new RunnerAccounts(maxModels: 10);
        accounts.Loads.Add(Subject(Fox, "slow"), TimeSpan.FromSeconds(7));
        accounts.Loads.Add(Subject(Fox, Server), TimeSpan.FromSeconds(1));
        var lives = new RunnerLives(accounts, ledger: null, time);
        lives.Begin(new StartRunner(new RunnerId(1), Fox), Subject(Fox, "slow"));
        time.Advance(TimeSpan.FromSeconds(3));

        Assert.Equal(TimeSpan.FromSeconds(4), lives.ExpectLoad(Subject(Fox, Server)));
        time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(TimeSpan.Zero, lives.ExpectLoad(Subject(Fox, Server)));
        lives.BecomeReady(new RunnerId(1));
        Assert.Equal(TimeSpan.FromSeconds(1), lives.ExpectLoad(Subject(Fox, Server)));
        Assert.Equal(TimeSpan.FromSeconds(20), lives.ExpectLoad(Subject(Fox, "slow")));
    }

    private static RunnerKey KeyOf(string model) => new("llama.cpp", model, RunnerMode.Completion);

    private static LoadSubject Subject(RunnerKey key, string engine, string? arguments = null) => new($"{key.Model} {engine} {arguments}", key, engine, 100);

    private void Add(LoadSubject subject, double seconds) => _times.Add(subject, TimeSpan.FromSeconds(seconds));

    private double Expect(LoadSubject subject) => _times.Expect(subject)!.Value.TotalSeconds;
}
