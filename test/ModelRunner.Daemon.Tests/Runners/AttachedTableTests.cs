using ModelRunner.Configuration;
using ModelRunner.Daemon.Runners;
using ModelRunner.Scheduling;

namespace ModelRunner.Daemon.Tests.Runners;

public sealed class AttachedTableTests
{
    private static readonly AttachedRunnerSettings A = Server("a");
    private static readonly AttachedRunnerSettings B = Server("b");

    [Fact]
    public void An_unchanged_server_keeps_identity_and_endpoint_wherever_it_is_in_the_list()
    {
        var first = new AttachedTable([A, B], previous: null);
        var second = new AttachedTable([Server("c"), B with { Headers = [.. B.Headers] }, A], first);

        Assert.Same(RunnerOf(first, "a"), RunnerOf(second, "a"));
        Assert.Same(RunnerOf(first, "b"), RunnerOf(second, "b"));
        Assert.Equal(new RunnerId(-3), RunnerOf(second, "c").Id);
    }

    [Fact]
    public void A_changed_server_is_a_new_one_and_no_identity_is_used_twice()
    {
        var first = new AttachedTable([A], previous: null);
        var changed = new AttachedTable([A with { Headers = [new("X-A", "2")] }], first);
        var gone = new AttachedTable([], changed);
        var back = new AttachedTable([A], gone);

        Assert.Equal([-1, -2, -3], [RunnerOf(first, "a").Id.Value, RunnerOf(changed, "a").Id.Value, RunnerOf(back, "a").Id.Value]);
        Assert.False(gone.Contains(new RunnerKey("vllm", "a", RunnerMode.Completion)));
    }

    [Fact]
    public void Replicas_of_a_key_are_told_apart()
    {
        var first = new AttachedTable([A with { Replica = "1" }, A with { Replica = "2" }], previous: null);
        var second = new AttachedTable([A with { Replica = "2" }, A with { Replica = "3" }], first);

        Assert.Same(first.Live[1], second.Live[0]);
        Assert.Equal(new RunnerId(-3), second.Live[1].Id);
    }

    private static AttachedRunnerSettings Server(string model) =>
        new("vllm", model, RunnerMode.Completion, $"/nowhere/{model}.sock", null, null) { Headers = [new("X-A", "1")] };

    private static LiveRunner RunnerOf(AttachedTable table, string model)
    {
        RunnerId id = table.Keys.Single(runner => runner.Key.Model == model).Id;
        return table.Live.Single(runner => runner.Id == id);
    }
}
