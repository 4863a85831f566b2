using ModelRunner.Daemon.Hosting;
using ModelRunner.Daemon.Tests.Runners;
using ModelRunner.Scheduling;
using ModelRunner.Store.Names;

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
        Fail("a", "it is gone", isFinal: true);
        Find("b");

        Assert.Equal("b", Take());
    }

    [Fact]
    public void A_model_that_cannot_be_read_again_stays()
    {
        Find("a");
        Take();
        Fail("a", "it is still being read", isFinal: false);
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
        Assert.True(Fail("a", "one", isFinal: false));
        Assert.False(Fail("a", "one", isFinal: false));
        Assert.True(Fail("b", "one", isFinal: false));
        Assert.True(Fail("a", "two", isFinal: true));
        Find("a");
        Assert.True(Fail("a", "two", isFinal: true));
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

    [Fact]
    public void Only_the_problems_of_the_models_that_are_asked_for_are_listed()
    {
        Fail("b", "two", isFinal: true);
        Fail("a", "one", isFinal: true);
        Fail("c", "three", isFinal: true);
        Find("c");

        Assert.Equal(["one", "two"], _search.ListProblems(["a", "b", "c"]).Select(static problem => problem.Text));
        Assert.Equal(["two"], _search.ListProblems(["b"]).Select(static problem => problem.Text));
    }

    [Fact]
    public void A_problem_is_new_if_the_model_is_not_being_pulled_any_more()
    {
        Assert.True(ArtifactNameParser.TryParse("ai/a", out ArtifactName? name, out _));
        Assert.True(_search.Fail(new ResidentProblem("a", "one", name), isFinal: true));
        Assert.True(Fail("a", "one", isFinal: true));
    }

    private bool Fail(string name, string problem, bool isFinal) => _search.Fail(new ResidentProblem(name, problem, Pulled: null), isFinal);

    private void Find(string name) => _search.Find(name, new RunnerKey("llama.cpp", name, RunnerMode.Completion), PoolBed.Model(name));

    private string? Take() =>
        _search.Take(["a", "b"]) is { } found ? string.Join(" ", found.Keys.Select(static key => key.Model).Order(StringComparer.Ordinal)) : null;
}
