using ModelRunner.Linux.Processes;
using ModelRunner.Testing;

namespace ModelRunner.Daemon.Tests.Linux.Processes;

public sealed class ProcessorSetTests
{
    [Theory]
    [InlineData("0", "0")]
    [InlineData("0-3,8", "0-3,8")]
    [InlineData(" 8 , 0-1,2 - 3", "0-3,8")]
    [InlineData("3,3,1", "1,3")]
    [InlineData("0-8191", "0-8191")]
    public void A_set_is_written_in_its_shortest_form(string text, string expected)
    {
        Assert.True(ProcessorSet.TryParse(text, out ProcessorSet? set));
        Assert.Equal(expected, set.ToString());
        Assert.True(ProcessorSet.TryParse(expected, out ProcessorSet? same));
        Assert.Equal(set, same);
        Assert.Equal(set.GetHashCode(), same.GetHashCode());
    }

    [Theory]
    [InlineData("")]
    [InlineData(",")]
    [InlineData("0,")]
    [InlineData("-1")]
    [InlineData("3-1")]
    [InlineData("1-2-3")]
    [InlineData("a")]
    [InlineData("0x3")]
    [InlineData("8192")]
    [InlineData("99999999999")]
    public void Other_texts_are_no_set(string text) => Assert.False(ProcessorSet.TryParse(text, out _));

    [Fact]
    public void Different_sets_are_not_equal()
    {
        Assert.True(ProcessorSet.TryParse("0-3", out ProcessorSet? set));
        Assert.True(ProcessorSet.TryParse("0,2-3", out ProcessorSet? other));
        Assert.NotEqual(set, other);
        Assert.Null(ProcessorSet.Of([]));
    }

    [Fact]
    public void A_processor_that_the_machine_lacks_is_found_and_the_thread_keeps_its_own()
    {
        ProcessorSet before = ProcessorAffinity.Read()!;
        Assert.True(ProcessorSet.TryParse($"{before.Processors[0]},8190-8191", out ProcessorSet? set));

        (string Reason, string Remedy)? problem = ProcessorAffinity.FindProblem(set);

        Assert.Equal("names 8190-8191, which this machine or the control group of the daemon does not have", problem?.Reason);
        Assert.Matches("^choose from [0-9,-]+, or leave it out$", problem?.Remedy);
        Assert.True(ProcessorSet.TryParse("8191", out ProcessorSet? none));
        Assert.StartsWith("names 8191, which ", ProcessorAffinity.FindProblem(none)?.Reason, StringComparison.Ordinal);
        Assert.Null(ProcessorAffinity.FindProblem(before));
        Assert.Equal(before, ProcessorAffinity.Read());
    }

    [Fact]
    public void Processors_that_share_a_core_count_once()
    {
        using var folder = new TemporaryFolder();
        foreach ((int processor, string siblings) in new[] { (0, "0,4"), (4, "0,4"), (1, "1,5") })
            folder.Write($"cpu{processor}/topology/thread_siblings_list", siblings + "\n");
        Assert.True(ProcessorSet.TryParse("0-1,4", out ProcessorSet? set));

        Assert.Equal(2, ProcessorCores.Count(set, folder.Path));
        Assert.Equal(3, ProcessorCores.Count(set, "/nowhere"));
    }
}
