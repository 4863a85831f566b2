using ModelRunner.Testing;

namespace ModelRunner.ScrapeBenchmark.Tests;

/// <summary>The tool behind docs/benchmarks/soak.md and docs/benchmarks/chaos.md, with the real daemon for a short time.</summary>
public sealed class ReliabilityTests
{
    [Fact]
    public async Task Check_48_A_short_soak_has_no_wrong_answer_and_leaves_no_process()
    {
        ExternalTool.Require("prometheus");
        ExternalTool.Require("promtool");
        using BenchmarkProcess soak = BenchmarkProcess.OfReliability("soak", "--minutes", "1.2", "--part", "5");

        (int exitCode, string output, string error) = await soak.EndAsync();

        TestContext.Current.TestOutputHelper?.WriteLine(output);
        Assert.Empty(error);
        Assert.InRange(exitCode, 0, 1);
        Assert.Matches("(?m)^[0-9]{3,} requests: [0-9]+ Right", output);
        Assert.DoesNotContain(" Wrong", output, StringComparison.Ordinal);
        Assert.DoesNotContain(" Hung", output, StringComparison.Ordinal);
        Assert.Contains(" 0 samples dropped.", output, StringComparison.Ordinal);

        // Between the parts of the run there is no runner, and no process is left of the last ones. Memory needs more time to settle.
        string[] samples = [.. output.Split('\n').Where(static line => line.Contains(" zombies", StringComparison.Ordinal) && line.Contains(" MiB, ", StringComparison.Ordinal))];
        Assert.NotEmpty(samples);
        Assert.All(samples, static sample => Assert.EndsWith(", 0 children, 0 zombies", sample, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Check_49_A_killed_runner_breaks_no_rule_in_any_phase()
    {
        ExternalTool.Require("prometheus");
        ExternalTool.Require("promtool");
        using BenchmarkProcess chaos = BenchmarkProcess.OfReliability("chaos", "--only", "runner killed");

        (int exitCode, string output, string error) = await chaos.EndAsync();

        TestContext.Current.TestOutputHelper?.WriteLine(output + error);
        Assert.True(exitCode == 0, output + error);
        Assert.Matches("(?m)^\\| runner killed \\|( 1/1, [0-9.]+ s \\|){5}$", output);
        Assert.Contains("5 cells, 0 problems", output, StringComparison.Ordinal);
    }
}
