using ModelRunner.Daemon.Hosting;
using ModelRunner.Daemon.Tests.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Hosting;

public sealed class ResidentSearchTests
{
    private readonly ResidentSearch _search = new();

    [Fact]
    public void Another_model_is_a_new_list_and_the_same_models_are_none()
    {
        Find("a");
        Assert.True(_search.IsFirst);
        Assert.Equal("a", Take());
        Assert.False(_search.IsFirst);
        Find("a");
        Assert.Null(Take());
        _search.Fail("a", "it is gone", isFinal: true);
        Find("b");

        Assert.Equal("b", Take());
    }

    [Fact]
    public void A_model_that_cannot_be_read_again_stays()
    {
        Find("a");
        Take();
        _search.Fail("a", "it is still being read", isFinal: false);
        Find("b");

        Assert.Equal("a b", Take());
    }

    [Fact]
    public void An_empty_list_is_taken_once()
    {
        Assert.Equal("", Take());
        Assert.Null(Take());
    }

    [Fact]
    public void A_problem_is_new_if_the_last_one_was_another()
    {
        Assert.True(_search.Fail("a", "one", isFinal: false));
        Assert.False(_search.Fail("a", "one", isFinal: false));
        Assert.True(_search.Fail("b", "one", isFinal: false));
        Assert.True(_search.Fail("a", "two", isFinal: true));
        Find("a");
        Assert.True(_search.Fail("a", "two", isFinal: true));
    }

    [Fact]
    public void A_search_after_a_change_of_a_client_takes_all_again()
    {
        Find("a");
        Assert.False(_search.Continue().KeepsUnloaded);
        Take();

        ResidentSearch next = _search.Continue();
        Assert.True(next.IsFirst);
        Assert.True(next.KeepsUnloaded);
        Assert.True(next.Continue().KeepsUnloaded);
        Assert.NotNull(next.Take(["a", "b"]));
    }

    private void Find(string name) => _search.Find(name, new RunnerKey("llama.cpp", name, RunnerMode.Completion), PoolBed.Model(name));

    private string? Take() =>
        _search.Take(["a", "b"]) is { } found ? string.Join(" ", found.Keys.Select(static key => key.Model).Order(StringComparer.Ordinal)) : null;
}
