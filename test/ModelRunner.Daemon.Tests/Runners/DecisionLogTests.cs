using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

public sealed class DecisionLogTests
{
    private readonly DecisionLog _log = new();

    [Fact]
    public void The_newest_decision_comes_first_and_the_oldest_is_dropped()
    {
        for (int i = 0; i < DecisionLog.MaxDecisions + 10; i++)
            _log.Add(Make(DecisionKind.Start, "m", $"{i}"));

        IReadOnlyList<Decision> all = _log.List(model: null, int.MaxValue);
        Assert.Equal(DecisionLog.MaxDecisions, all.Count);
        Assert.Equal(($"{DecisionLog.MaxDecisions + 9}", "10"), (all[0].Text, all[^1].Text));
        Assert.Equal(2, _log.List(model: null, 2).Count);
    }

    [Fact]
    public void Equal_refusals_of_a_model_are_one_entry_with_a_count()
    {
        _log.Add(Make(DecisionKind.Start, "other", "started"));
        for (int i = 1; i <= 2000; i++)
        {
            _log.Add(Make(DecisionKind.Refuse, "a", $"refusal {i}", "queue_full"));
            _log.Add(Make(DecisionKind.Refuse, "b", $"refusal {i}", "queue_full"));
        }

        Assert.Equal(
            [("b:latest", "refusal 2000", 2000), ("a:latest", "refusal 2000", 2000), ("other:latest", "started", 1)],
            _log.List(model: null, 10).Select(static decision => (decision.Key.Model, decision.Text, decision.Count)));
    }

    [Fact]
    public void A_refusal_with_another_reason_or_after_another_decision_is_an_entry_of_its_own()
    {
        _log.Add(Make(DecisionKind.Refuse, "a", "1", "queue_full"));
        _log.Add(Make(DecisionKind.Refuse, "a", "2", "out_of_memory"));
        _log.Add(Make(DecisionKind.Start, "a", "3"));
        _log.Add(Make(DecisionKind.Refuse, "a", "4", "out_of_memory"));

        Assert.Equal(["4", "3", "2", "1"], _log.List(model: null, 10).Select(static decision => decision.Text));
    }

    [Fact]
    public void Waits_and_refusals_that_alternate_are_two_entries()
    {
        _log.Add(Make(DecisionKind.Start, "other", "started"));
        for (int i = 0; i < 1000; i++)
        {
            _log.Add(Make(DecisionKind.Wait, "a", "waits", "busy"));
            _log.Add(Make(DecisionKind.Refuse, "a", "too late", "queue_timeout"));
        }

        Assert.Equal(
            [("too late", 1000), ("waits", 1000), ("started", 1)],
            _log.List(model: null, 10).Select(static decision => (decision.Text, decision.Count)));
    }

    [Fact]
    public void Decisions_about_a_model_include_those_that_were_made_for_it()
    {
        _log.Add(Make(DecisionKind.Stop, "a", "evicted", "evicted") with { Other = Key("b") });
        _log.Add(Make(DecisionKind.Start, "b", "started"));
        _log.Add(Make(DecisionKind.Start, "c", "started"));

        Assert.Equal(["started", "evicted"], _log.List("b:latest", 10).Select(static decision => decision.Text));
    }

    private static Decision Make(DecisionKind kind, string model, string text, string? reason = null) =>
        new(DateTimeOffset.UnixEpoch, kind, Key(model), text) { Reason = reason };

    private static RunnerKey Key(string model) => new("llama.cpp", $"{model}:latest", RunnerMode.Completion);
}
